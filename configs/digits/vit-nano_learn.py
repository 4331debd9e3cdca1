_base_ = [
    '../_base_/models/vit-nano.py', '../_base_/datasets/digits_single_swap.py',
    '../_base_/schedules/nano_swap.py', '../_base_/runtimes/mmpretrain.py'
]
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)

model = dict(
    _delete_=True,
    type='mmswap.SwapModel',
    model=_base_.model,
    classes=_base_.classes,
    adapter=dict(rank=16, alpha=16, targets=['ffn', 'attention']),
    objective=dict(type='mmswap.LearnObjective', weight=1.0))
optim_wrapper = dict(optimizer=dict(lr=7e-3))
default_hooks = dict(swap=dict(type='mmswap.SwapHook'))
load_from = 'work_dirs/vit-nano_base/iter_6000.pth'
