_base_ = [
    '../_base_/swap/dino-5scale_swin-l_coco.py',
    '../_base_/swap/coco_dogs-5.py'
]
classes = _base_.classes
model = dict(classes=classes)
train_dataloader = dict(dataset=dict(classes=classes, new=_base_.new))

# Not `all` of both data sets at once: the image ids of one occur in the other.
subset = dict(type='mmswap.ClassSubset', classes=classes)
val_sets = [
    dict(subset, keep=['retain', 'forget'], dataset=_base_.val_set),
    dict(subset, keep='learn', dataset=dict(_base_.val_set, **_base_.new_val))
]
val_dataloader = dict(dataset=dict(datasets=val_sets))
test_dataloader = val_dataloader
