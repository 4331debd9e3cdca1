# A request to learn; the plan of requests says which classes.
_base_ = './mask2former_swin-nano_learn.py'

# What earlier requests learned is retained.
learned_set = dict(_base_.learn_set, keep='retain', allow_empty=True)
train_dataloader = dict(
    dataset=dict(
        branches=dict(
            _delete_=True,
            retain=[_base_.retain_set, learned_set],
            learn=_base_.learn_set)))

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
