# Digit scenes as semantic maps (see docs/digits.md): the background and 0-7
# for the base model, 8 and 9 to learn.
data_root = 'data/digits/'
base_classes = ('background', 'zero', 'one', 'two', 'three', 'four', 'five',
                'six', 'seven')

loading = [dict(type='LoadImageFromFile'), dict(type='LoadAnnotations')]
packing = dict(type='PackSegInputs')
train_pipeline = [*loading, packing]
# For models that would learn the background only, nine tenths of a scene.
crop = dict(type='RandomCrop', crop_size=(64, 64), cat_max_ratio=0.75)
crop_pipeline = [*loading, crop, packing]
test_pipeline = train_pipeline
scenes = dict(
    type='BaseSegDataset',
    data_root=data_root,
    img_suffix='.png',
    metainfo=dict(classes=base_classes))
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        **scenes,
        data_prefix=dict(
            img_path='images/base', seg_map_path='semantic_bg/base'),
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=10,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **scenes,
        data_prefix=dict(
            img_path='images/val', seg_map_path='semantic_bg/val'),
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
