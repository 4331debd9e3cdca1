# Panoptic ADE20K: ade20k_panoptic.py writes the jsons and maps. Crops are
# those that Mask2Former was published with.
_base_ = '../classes/ade20k_panoptic.py'
train_steps = [
    dict(type='LoadImageFromFile', to_float32=True),
    dict(type='mmswap.LoadPanopticAnnotations'),
    dict(
        type='RandomChoiceResize',
        scales=[64 * scale for scale in range(5, 21)],
        resize_type='ResizeShortestEdge',
        max_size=2560),
    dict(type='RandomCrop', crop_size=(640, 640), allow_negative_crop=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs')
]
# The last two carry the ground truth to the metric.
meta_keys = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor',
             'segments_info', 'seg_map_path')
test_steps = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(2560, 640), keep_ratio=True),
    dict(type='PackDetInputs', meta_keys=meta_keys)
]
metainfo = dict(
    classes=_base_.things + _base_.stuff,
    thing_classes=_base_.things,
    stuff_classes=_base_.stuff)
ade20k = dict(
    type='CocoPanopticDataset', data_root='data/ade/ADEChallengeData2016/')
train_set = dict(
    ade20k,
    ann_file='mmswap/panoptic_training.json',
    data_prefix=dict(img='images/training/', seg='mmswap/panoptic_training/'),
    metainfo=metainfo,
    pipeline=train_steps)
val_set = dict(
    ade20k,
    ann_file='mmswap/panoptic_validation.json',
    data_prefix=dict(
        img='images/validation/', seg='mmswap/panoptic_validation/'),
    metainfo=metainfo,
    test_mode=True,
    pipeline=test_steps)
