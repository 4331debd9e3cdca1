# A face transformer on a hundred identities of CASIA-WebFace, of which some
# are to be forgotten later. The network is that of GS-LoRA: patches of 8
# pixels, 6 layers, 512 dimensions. Its head is ArcFace of mmpretrain, where
# the published one is CosFace (s 64, m 0.35); the schedule is ours.
_base_ = [
    'mmpretrain::_base_/default_runtime.py',
    '../_base_/classes/casia100.py'
]

model = dict(
    type='ImageClassifier',
    backbone=dict(
        type='VisionTransformer',
        arch=dict(
            embed_dims=512,
            num_layers=6,
            num_heads=8,
            feedforward_channels=2048),
        img_size=112,
        patch_size=8),
    head=dict(
        type='ArcFaceClsHead',
        num_classes=100,
        in_channels=512,
        scale=64.0,
        margins=0.5))
data_preprocessor = dict(
    type='ClsDataPreprocessor',
    mean=[127.5, 127.5, 127.5],
    std=[127.5, 127.5, 127.5],
    to_rgb=True)

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(112, 112)),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='PackInputs')
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(112, 112)),
    dict(type='PackInputs')
]
data = dict(
    type='CustomDataset',
    data_root='data/casia100',
    metainfo=dict(classes=_base_.base_classes))
train_dataloader = dict(
    batch_size=128,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(**data, data_prefix='train', pipeline=train_pipeline))
val_dataloader = dict(
    batch_size=128,
    num_workers=8,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        **data, data_prefix='test', test_mode=True, pipeline=test_pipeline))
test_dataloader = val_dataloader
metric = dict(type='Accuracy', topk=1)
val_evaluator = metric
test_evaluator = metric

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=100, val_interval=10)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=3e-4, weight_decay=0.05))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=True, begin=0, end=5),
    dict(type='CosineAnnealingLR', by_epoch=True, begin=5, end=100)
]
