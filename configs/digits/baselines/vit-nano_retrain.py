# A new network that never sees what is to be forgotten.
_base_ = '../../_base_/baselines/vit-nano.py'

model = dict(
    trains='from_scratch', objective=dict(type='mmswap.RetainObjective'))
train_dataloader = dict(
    sampler=dict(branch_sizes=dict(_delete_=True, retain=16)),
    dataset=dict(
        branches=dict(
            _delete_=True,
            retain=_base_.train_dataloader.dataset.branches.retain)))
max_iters = 100
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
# Its head is as new as the rest.
optim_wrapper = dict(
    optimizer=dict(lr=1e-3),
    paramwise_cfg=dict(custom_keys=dict(_delete_=True)))
param_scheduler = [
    dict(
        type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=20),
    dict(
        type='CosineAnnealingLR',
        eta_min=1e-5,
        by_epoch=False,
        begin=20,
        end=max_iters)
]
default_hooks = dict(checkpoint=dict(interval=max_iters))
# Its start says nothing of what there was to forget.
custom_hooks = [dict(type='mmswap.SwapLogHook', measure_before=False)]
