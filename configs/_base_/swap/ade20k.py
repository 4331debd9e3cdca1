# ADE20K as Knowledge Swapping's code has it: images to retain, forget and
# score. Without a reduce_zero_label of its own the loader takes the data
# set's, which is ADE20K's alone.
_base_ = '../classes/ade20k.py'
train_steps = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(
        type='RandomChoiceResize',
        scales=[64 * scale for scale in range(5, 21)],
        resize_type='ResizeShortestEdge',
        max_size=2560),
    dict(type='RandomCrop', crop_size=(640, 640)),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs')
]
test_steps = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(2560, 640), keep_ratio=True),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs')
]
ade20k = dict(type='ADE20KDataset', data_root='data/ade/ADEChallengeData2016')
train_set = dict(
    ade20k,
    data_prefix=dict(
        img_path='images/training', seg_map_path='annotations/training'),
    pipeline=train_steps)
val_set = dict(
    ade20k,
    data_prefix=dict(
        img_path='images/validation', seg_map_path='annotations/validation'),
    test_mode=True,
    pipeline=test_steps)
