_base_ = [
    '../_base_/models/mask2former-panoptic_swin-nano.py',
    '../_base_/datasets/digits_panoptic_swap.py',
    '../_base_/schedules/nano_swap.py', '../_base_/runtimes/mmdet.py'
]
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)

model = dict(
    _delete_=True,
    type='mmswap.SwapModel',
    model=_base_.model,
    classes=_base_.classes,
    objective=dict(type='mmswap.LearnObjective'))
default_hooks = dict(swap=dict(type='mmswap.SwapHook'))
load_from = 'work_dirs/mask2former-panoptic_swin-nano_base/iter_2000.pth'
