# What `mmswap init` writes for it, but for half of the steps and two new
# images in each, on the data of the other digit swaps.
_base_ = [
    '../_base_/models/yolox-nano.py', '../_base_/datasets/digits_swap.py',
    '../_base_/schedules/nano_iters.py', '../_base_/runtimes/mmdet.py'
]
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)

model = dict(
    _delete_=True,
    type='mmswap.SwapModel',
    model=_base_.model,
    classes=_base_.classes,
    objective=dict(type='mmswap.LearnObjective', hold_weight=1.0))
train_dataloader = dict(
    batch_size=4,
    sampler=dict(retain=2, target=2), dataset=dict(forgotten='labelled'))
val_evaluator = dict(metrics=dict(metric='bbox'))
test_evaluator = val_evaluator
train_cfg = dict(max_iters=2000, val_interval=2000)
param_scheduler = [dict(type='CosineAnnealingLR', T_max=2000, by_epoch=False)]
optim_wrapper = dict(constructor='mmswap.SwapOptimWrapperConstructor')
default_hooks = dict(swap=dict(type='mmswap.SwapHook'))
load_from = 'work_dirs/yolox-nano_base/iter_2000.pth'
