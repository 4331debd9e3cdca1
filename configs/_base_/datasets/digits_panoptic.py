# Digit scenes as panoptic segments (see docs/digits.md): digits are things,
# 0-7 for the base model, 8 and 9 to learn; the background is stuff.
_base_ = './digits.py'

digits = (*_base_.base_classes, 'eight', 'nine')
stuff = ('background', )
base_meta = dict(
    classes=digits[:8] + stuff, thing_classes=digits[:8], stuff_classes=stuff)
all_meta = dict(
    classes=digits + stuff, thing_classes=digits, stuff_classes=stuff)

# mmdet's LoadPanopticAnnotations needs panopticapi, which is not on PyPI.
annotations = dict(type='mmswap.LoadPanopticAnnotations')
train_pipeline = [_base_.loading, annotations, _base_.resize, _base_.packing]
# The last two carry the ground truth to the metric of a merged model.
meta_keys = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor',
             'segments_info', 'seg_map_path')
test_packing = dict(_base_.packing, meta_keys=meta_keys)
test_pipeline = [_base_.loading, _base_.resize, test_packing]
train_dataloader = dict(
    num_workers=1,
    dataset=dict(
        type='CocoPanopticDataset',
        ann_file='annotations/panoptic_base.json',
        data_prefix=dict(seg='panoptic/base/'),
        metainfo=base_meta,
        pipeline=train_pipeline))
# mmdet's data set has to name every class of the file; the subset leaves the
# base model's.
val_set = dict(
    _base_.val_dataloader.dataset,
    type='CocoPanopticDataset',
    ann_file='annotations/panoptic_val.json',
    data_prefix=dict(img='images/val/', seg='panoptic/val/'),
    metainfo=all_meta,
    pipeline=test_pipeline)
val_dataloader = dict(
    persistent_workers=True,
    dataset=dict(
        _delete_=True,
        type='mmswap.ClassSubset',
        dataset=val_set,
        classes=dict(base=base_meta['classes'], stuff=stuff),
        keep='all'))
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, type='mmswap.PanopticMetric')
test_evaluator = val_evaluator
