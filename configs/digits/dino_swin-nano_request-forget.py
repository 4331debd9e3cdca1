# A request to forget; the plan of requests says which classes.
_base_ = './dino_swin-nano_forget.py'

# Groups that a request does not need become zero. The fewer it moves, the more
# of an earlier request comes back when that is undone.
optim_wrapper = dict(group_sparse=dict(alpha=15., mode='proximal'))

# Images of what earlier requests forgot would show it as background again, and
# keep it from coming back when its request is undone.
retain_set = dict(_base_.retain_set, without='forgotten_before')
# What earlier requests learned is there to be retained, or to be forgotten.
learned_set = dict(_base_.learn_set, keep='retain', allow_empty=True)
train_dataloader = dict(
    dataset=dict(
        branches=dict(
            _delete_=True,
            retain=[retain_set] + 3 * [learned_set],
            forget=[
                dict(_base_.forget_set, allow_empty=True),
                dict(learned_set, keep='forget')
            ])))

# All images, labelled with the classes of the table.
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmswap.ClassSubset',
        dataset=_base_.val_dataloader.dataset,
        classes=_base_.classes,
        keep='all'))
test_dataloader = val_dataloader
val_evaluator = dict(
    metrics=dict(forgotten_before=_base_.metric, missing=_base_.metric))
test_evaluator = val_evaluator

# One class is less to forget than the two of the swap.
max_iters = 200
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        eta_min=1e-5,
        by_epoch=False,
        begin=0,
        end=max_iters)
]
default_hooks = dict(checkpoint=dict(interval=max_iters))
load_from = 'work_dirs/dino_swin-nano_base/iter_2000.pth'
