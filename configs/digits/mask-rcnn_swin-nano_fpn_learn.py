_base_ = [
    '../_base_/models/mask-rcnn_swin-nano_fpn.py',
    '../_base_/datasets/digits_swap.py',
    '../_base_/schedules/nano_swap.py', '../_base_/runtimes/mmdet.py'
]
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)

# The RoI head gets LoRA too: from the backbone alone, forgetting a class
# costs the others (docs/digits.md).
model = dict(
    _delete_=True,
    type='mmswap.SwapModel',
    model=_base_.model,
    classes=_base_.classes,
    adapter=dict(targets=['ffn', 'fc']),
    objective=dict(type='mmswap.LearnObjective'))
default_hooks = dict(swap=dict(type='mmswap.SwapHook'))
load_from = 'work_dirs/mask-rcnn_swin-nano_fpn_base/iter_2000.pth'
