_base_ = [
    '../_base_/models/fcn_r18-nano.py',
    '../_base_/datasets/digits_semantic.py',
    '../_base_/schedules/nano_iters.py', '../_base_/runtimes/mmseg.py'
]
# Whole scenes are nine tenths background.
model = dict(data_preprocessor=dict(size=None, size_divisor=32))
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(type='RandomCrop', crop_size=(64, 64), cat_max_ratio=0.75),
    dict(type='PackSegInputs')
]
train_dataloader = dict(batch_size=16, dataset=dict(pipeline=train_pipeline))
optim_wrapper = dict(optimizer=dict(lr=2e-3))
