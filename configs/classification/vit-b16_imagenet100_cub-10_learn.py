_base_ = [
    '../_base_/swap/vit-b16_imagenet100.py',
    '../_base_/swap/imagenet100_cub.py'
]
classes = dict(
    base=_base_.base_classes,
    learn=_base_.learn_classes,
    forget=_base_.forget_classes)
model = dict(classes=classes)
train_dataloader = dict(dataset=dict(classes=classes, new=_base_.new))

subset = dict(type='mmswap.ClassSubset', classes=classes)
val_sets = [
    dict(subset, keep=['retain', 'forget'], dataset=_base_.val_set),
    dict(subset, keep='learn', dataset=dict(_base_.val_set, **_base_.new))
]
val_dataloader = dict(dataset=dict(datasets=val_sets))
test_dataloader = val_dataloader
