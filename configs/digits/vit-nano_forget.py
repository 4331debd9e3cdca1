_base_ = './vit-nano_learn.py'

model = dict(
    objective=dict(
        _delete_=True,
        type='mmswap.ForgetObjective',
        bound=4.,
        weight=0.1))

# What was learned is retained from here on; three times, as there are fewer
# images of it.
forget_set = dict(
    type='mmswap.ClassSubset',
    dataset=_base_.retain_set.dataset,
    classes=_base_.classes,
    keep='forget')
train_dataloader = dict(
    sampler=dict(branch_sizes=dict(_delete_=True, retain=21, forget=3)),
    dataset=dict(
        branches=dict(
            _delete_=True,
            retain=[_base_.retain_set] + 3 * [_base_.learn_set],
            forget=forget_set)))

max_iters = 200
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
optim_wrapper = dict(optimizer=dict(lr=5e-3))
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        eta_min=1e-5,
        by_epoch=False,
        begin=0,
        end=max_iters)
]
default_hooks = dict(checkpoint=dict(interval=max_iters))
load_from = 'work_dirs/vit-nano_learn/iter_300.pth'
