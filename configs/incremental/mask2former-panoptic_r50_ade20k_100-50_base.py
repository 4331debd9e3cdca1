# The first 100 classes of ADE20K, on their images; class_incremental.py
# writes the json.
_base_ = './mask2former-panoptic_r50_ade20k_joint.py'
names = _base_.base_things + _base_.base_stuff
parts = dict(num_things_classes=64, num_stuff_classes=36)
model = dict(
    panoptic_head=dict(
        loss_cls=dict(class_weight=[1.0] * 100 + [0.1]), **parts),
    panoptic_fusion_head=parts)
train_dataloader = dict(
    dataset=dict(
        ann_file='mmswap/100-50/base.json',
        metainfo=dict(
            classes=names,
            thing_classes=_base_.base_things,
            stuff_classes=_base_.base_stuff)))
# mmdet's data set has to name every class of the file; the subset leaves the
# base model's.
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmswap.ClassSubset',
        dataset=_base_.val_set,
        classes=dict(base=names, stuff=_base_.base_stuff),
        keep='all'))
test_dataloader = val_dataloader
