# Digit scenes as semantic maps (see docs/digits.md): the background and 0-7
# for the base model, 8 and 9 to learn.
data_root = 'data/digits/'
digits = ('zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven',
          'eight', 'nine')
base_meta = dict(classes=('background', *digits[:8]))
all_meta = dict(classes=('background', *digits))

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs')
]
test_pipeline = train_pipeline
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='BaseSegDataset',
        data_root=data_root,
        img_suffix='.png',
        data_prefix=dict(
            img_path='images/base', seg_map_path='semantic_bg/base'),
        metainfo=base_meta,
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=10,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='BaseSegDataset',
        data_root=data_root,
        img_suffix='.png',
        data_prefix=dict(
            img_path='images/val', seg_map_path='semantic_bg/val'),
        metainfo=base_meta,
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='IoUMetric', iou_metrics=['mIoU'])
test_evaluator = val_evaluator
