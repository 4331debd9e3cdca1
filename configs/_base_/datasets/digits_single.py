# One digit an image (see docs/digits.md): 0-7 for the base model, 8 and 9 to
# learn.
data_root = 'data/digits'
base_classes = ('zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven')
base_meta = dict(classes=base_classes)

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='RandomCrop', crop_size=64, padding=8, padding_mode='reflect'),
    dict(type='PackInputs')
]
test_pipeline = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]
train_dataloader = dict(
    batch_size=32,
    num_workers=1,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='CustomDataset',
        data_root=data_root,
        ann_file='single/base.txt',
        data_prefix='single/base',
        metainfo=base_meta,
        pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=50,
    num_workers=1,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='CustomDataset',
        data_root=data_root,
        ann_file='single/val.txt',
        data_prefix='single/val',
        metainfo=base_meta,
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='Accuracy', topk=1)
test_evaluator = val_evaluator
