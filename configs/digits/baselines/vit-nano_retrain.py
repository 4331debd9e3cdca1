# A new network that never sees what is to be forgotten.
_base_ = '../../_base_/baselines/vit-nano.py'

model = dict(
    trains='from_scratch', objective=dict(type='mmswap.RetainObjective'))
retain_set = dict(
    type='mmswap.ClassSubset',
    classes=_base_.classes,
    keep='retain',
    dataset=_base_.train_dataloader.dataset.old)
train_dataloader = dict(
    sampler=dict(
        _delete_=True,
        type='mmswap.SwapSampler',
        branch_sizes=dict(retain=16)),
    dataset=dict(
        _delete_=True,
        type='mmswap.SwapDataset',
        branches=dict(retain=retain_set)))
train_cfg = dict(max_iters=100, val_interval=100)
# Its head is as new as the rest.
optim_wrapper = dict(paramwise_cfg=dict(custom_keys=dict(_delete_=True)))
param_scheduler = [
    dict(
        type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=20),
    dict(_base_.param_scheduler[0], begin=20, end=100)
]
# Its start says nothing of what there was to forget.
default_hooks = dict(
    swap_log=dict(type='mmswap.SwapLogHook', measure_before=False))
