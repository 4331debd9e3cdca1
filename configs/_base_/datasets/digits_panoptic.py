# Digit scenes as panoptic segments (see docs/digits.md): digits are things,
# 0-7 for the base model, 8 and 9 to learn; the background is stuff.
data_root = 'data/digits/'
digits = ('zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven',
          'eight', 'nine')
base_meta = dict(
    classes=(*digits[:8], 'background'),
    thing_classes=digits[:8],
    stuff_classes=('background', ))
all_meta = dict(
    classes=(*digits, 'background'),
    thing_classes=digits,
    stuff_classes=('background', ))

# mmdet's LoadPanopticAnnotations needs panopticapi, which is not on PyPI.
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='mmswap.LoadPanopticAnnotations'),
    dict(type='Resize', scale=(128, 128), keep_ratio=True),
    dict(type='PackDetInputs')
]
# The last two carry the ground truth to mmswap.PanopticMetric.
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(128, 128), keep_ratio=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape',
                   'scale_factor', 'segments_info', 'seg_map_path'))
]
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='CocoPanopticDataset',
        data_root=data_root,
        ann_file='annotations/panoptic_base.json',
        data_prefix=dict(img='images/base/', seg='panoptic/base/'),
        metainfo=base_meta,
        filter_cfg=dict(filter_empty_gt=True),
        pipeline=train_pipeline))
# mmdet's data set has to name every class of the file; the subset leaves the
# base model's.
val_dataloader = dict(
    batch_size=10,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmswap.ClassSubset',
        dataset=dict(
            type='CocoPanopticDataset',
            data_root=data_root,
            ann_file='annotations/panoptic_val.json',
            data_prefix=dict(img='images/val/', seg='panoptic/val/'),
            metainfo=all_meta,
            test_mode=True,
            pipeline=test_pipeline),
        classes=dict(
            base=base_meta['classes'], stuff=base_meta['stuff_classes']),
        keep='all'))
test_dataloader = val_dataloader
val_evaluator = dict(type='mmswap.PanopticMetric')
test_evaluator = val_evaluator
