# A hundred identities of CASIA-WebFace, to train and to test on.
_base_ = '../classes/casia100.py'
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(112, 112)),
    dict(type='PackInputs')
]
flip = dict(type='RandomFlip', prob=0.5, direction='horizontal')
train_pipeline = [*test_pipeline[:2], flip, test_pipeline[2]]
data = dict(
    type='CustomDataset',
    data_root='data/casia100',
    metainfo=dict(classes=_base_.base_classes))
train_dataloader = dict(
    batch_size=128,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(data, data_prefix='train', pipeline=train_pipeline))
val_set = dict(
    data, data_prefix='test', test_mode=True, pipeline=test_pipeline)
val_dataloader = dict(
    batch_size=128,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=val_set)
test_dataloader = val_dataloader
val_evaluator = dict(type='Accuracy', topk=1)
test_evaluator = val_evaluator
