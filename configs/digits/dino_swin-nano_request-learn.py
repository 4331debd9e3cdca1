# A request to learn; the plan of requests says which classes.
_base_ = './dino_swin-nano_learn.py'

# Images of what earlier requests forgot stay out, as when forgetting.
retain_set = dict(_base_.retain_set, without='forgotten_before')
# What earlier requests learned is retained.
learned_set = dict(_base_.learn_set, keep='retain', allow_empty=True)
train_dataloader = dict(
    dataset=dict(
        branches=dict(
            _delete_=True,
            retain=[retain_set, learned_set],
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
