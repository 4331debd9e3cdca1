# Digit scenes (see docs/digits.md): 0-7 for the base model, 8 and 9 to learn.
data_root = 'data/digits/'
base_classes = ('zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven')

loading = dict(type='LoadImageFromFile')
annotations = dict(type='LoadAnnotations', with_bbox=True, with_mask=True)
resize = dict(type='Resize', scale=(128, 128), keep_ratio=True)
packing = dict(type='PackDetInputs')
train_pipeline = [loading, annotations, resize, packing]
test_pipeline = [loading, resize, annotations, packing]
base_meta = dict(classes=base_classes)
scenes = dict(type='CocoDataset', data_root=data_root, metainfo=base_meta)
train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        **scenes,
        ann_file='annotations/base.json',
        data_prefix=dict(img='images/base/'),
        filter_cfg=dict(filter_empty_gt=True),
        pipeline=train_pipeline))
val_ann = 'annotations/val.json'
val_dataloader = dict(
    batch_size=10,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **scenes,
        ann_file=val_ann,
        data_prefix=dict(img='images/val/'),
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(
    type='CocoMetric',
    ann_file=data_root + val_ann,
    metric=['bbox', 'segm'],
    classwise=True)
test_evaluator = val_evaluator
