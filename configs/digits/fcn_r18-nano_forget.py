_base_ = './fcn_r18-nano_learn.py'

model = dict(
    objective=dict(
        _delete_=True,
        type='mmswap.ForgetObjective',
        bound=6.,
        weight=0.2))

# What was learned is retained from here on; ten times, as there are fewer
# images of it.
forget_set = dict(
    type='mmswap.ClassSubset',
    dataset=_base_.retain_set.dataset,
    classes=_base_.classes,
    keep='forget')
# Pixels have to be something. Those around what was learned are background,
# and forgotten ones, which left to themselves become what was learned, are
# shown as background too. The true background, which would drown them, is left
# out there: it is taken for a class that is not retained.
learned_set = dict(_base_.learn_set, keep=['retain', 'learn'])
gone_set = dict(
    _base_.retain_set,
    rename=dict(
        {name: 'background' for name in _base_.classes['forget']},
        background=_base_.classes['forget'][0]))
train_dataloader = dict(
    sampler=dict(branch_sizes=dict(_delete_=True, retain=14, forget=2)),
    dataset=dict(
        branches=dict(
            _delete_=True,
            retain=[_base_.retain_set] + 3 * [gone_set] +
            5 * [_base_.learn_set] + 5 * [learned_set],
            forget=forget_set)))

max_iters = 900
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
load_from = 'work_dirs/fcn_r18-nano_learn/iter_600.pth'
