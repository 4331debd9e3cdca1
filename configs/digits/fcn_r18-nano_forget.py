_base_ = './fcn_r18-nano_learn.py'

model = dict(
    objective=dict(
        _delete_=True, type='mmswap.ForgetObjective', bound=6.))

# Pixels have to be something. Those around what was learned are background,
# and forgotten ones, which left to themselves become what was learned, are
# shown as background too. The true background, which would drown them, is left
# out there: it is taken for a class that is not retained.
old = dict(
    type='mmswap.ClassSubset',
    classes=_base_.classes,
    dataset=_base_.train_dataloader.dataset.old)
new = dict(old, dataset=dict(old['dataset'],
                             **_base_.train_dataloader.dataset.new))
retain_set = dict(old, keep='retain')
gone = {name: 'background' for name in _base_.classes['forget']}
gone_set = dict(
    retain_set, rename=dict(gone, background=_base_.classes['forget'][0]))
train_dataloader = dict(
    sampler=dict(retain=14, target=2, shares=dict(retain=(4, 12, 5, 5))),
    dataset=dict(
        _delete_=True,
        type='mmswap.SwapDataset',
        branches=dict(
            retain=[
                retain_set, gone_set,
                dict(new, keep='learn'),
                dict(new, keep=['retain', 'learn'])
            ],
            forget=dict(old, keep='forget'))))
train_cfg = dict(max_iters=900, val_interval=900)
param_scheduler = [dict(_base_.param_scheduler[0], end=900)]
load_from = 'work_dirs/fcn_r18-nano_learn/iter_600.pth'
