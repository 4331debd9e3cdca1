_base_ = './mask2former-seg_swin-nano_learn.py'

# The published objective drives up the whole loss, of which much is of
# queries that match nothing.
model = dict(
    objective=dict(
        _delete_=True,
        type='mmswap.ClassForgetObjective',
        bound=12.,
        weight=0.5,
        no_object_weight=0.))

# What was learned is retained from here on, alone and among old classes. A
# forgotten pixel has to be something. Left to itself it becomes what was
# learned; here it is shown as background.
gone = dict(
    keep='retain',
    rename={name: 'background' for name in _base_.classes['forget']})
gone_loaded = dict(_base_.old_loaded, **gone)
datasets = [gone_loaded] + 4 * [_base_.new_loaded]
mixed_set = dict(
    _base_.mixed_set, dataset=dict(_base_.both, datasets=datasets))
train_dataloader = dict(
    sampler=dict(
        retain=9, target=1, shares=dict(_delete_=True, retain=(2, 4, 1))),
    dataset=dict(
        branches=dict(
            _delete_=True,
            retain=[dict(_base_.old_set, **gone), mixed_set, _base_.new_set],
            forget=dict(_base_.old_set, keep='forget'))))
load_from = 'work_dirs/mask2former-seg_swin-nano_learn/iter_800.pth'
