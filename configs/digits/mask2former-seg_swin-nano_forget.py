_base_ = './mask2former-seg_swin-nano_learn.py'

model = dict(
    objective=dict(
        _delete_=True,
        type='mmswap.ForgetObjective',
        bound=30.,
        weight=0.2))

# What was learned is retained from here on; four times, as there are fewer
# images of it.
forget_set = dict(
    type='mmswap.ClassSubset',
    dataset=_base_.retain_set.dataset,
    classes=_base_.classes,
    keep='forget')
# A forgotten pixel has to be something. Left to itself it becomes what was
# learned; here it is shown as background.
gone_set = dict(
    _base_.retain_set,
    rename={name: 'background' for name in _base_.classes['forget']})
train_dataloader = dict(
    sampler=dict(branch_sizes=dict(_delete_=True, retain=6, forget=2)),
    dataset=dict(
        branches=dict(
            _delete_=True,
            retain=[gone_set] + 4 * [_base_.learn_set],
            forget=forget_set)))

max_iters = 300
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        eta_min=1e-5,
        by_epoch=False,
        begin=0,
        end=max_iters)
]
default_hooks = dict(checkpoint=dict(interval=max_iters))
load_from = 'work_dirs/mask2former-seg_swin-nano_learn/iter_300.pth'
