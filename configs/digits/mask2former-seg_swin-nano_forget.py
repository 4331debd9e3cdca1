_base_ = './mask2former-seg_swin-nano_learn.py'

# The published objective drives up the whole loss, of which much is of
# queries that match nothing.
model = dict(
    objective=dict(
        _delete_=True,
        type='mmswap.ClassForgetObjective',
        bound=12.,
        weight=0.5))

# What was learned is retained from here on, alone and among old classes.
forget_set = dict(_base_.old_set, keep='forget')
# A forgotten pixel has to be something. Left to itself it becomes what was
# learned; here it is shown as background.
gone = {name: 'background' for name in _base_.classes['forget']}
gone_set = dict(_base_.old_set, keep='retain', rename=gone)
gone_loaded = dict(_base_.old_loaded, keep='retain', rename=gone)
mixed_set = dict(
    _base_.mixed_set,
    dataset=dict(
        _base_.mixed_set.dataset,
        datasets=[gone_loaded] + 4 * [_base_.new_loaded]))
train_dataloader = dict(
    sampler=dict(branch_sizes=dict(_delete_=True, retain=9, forget=1)),
    dataset=dict(
        branches=dict(
            _delete_=True,
            retain=[gone_set, mixed_set] + 2 * [_base_.new_set],
            forget=forget_set)))
load_from = 'work_dirs/mask2former-seg_swin-nano_learn/iter_800.pth'
