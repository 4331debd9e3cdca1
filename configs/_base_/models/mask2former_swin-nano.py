# Mask2Former for instances, small enough to train on two CPU cores.
_base_ = ['./swin-nano.py', './mask2former_nano.py', './mask2former_losses.py']

num_things_classes = 8
num_stuff_classes = 0
model = dict(
    type='Mask2Former',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        **_base_.image_norm,
        bgr_to_rgb=True,
        pad_size_divisor=32,
        pad_mask=True,
        mask_pad_value=0),
    backbone=_base_.swin_nano,
    panoptic_head=dict(
        **_base_.mask2former_head,
        **_base_.mask_losses,
        loss_cls=dict(
            _base_.loss_cls, class_weight=[1.0] * num_things_classes + [0.1]),
        num_things_classes=num_things_classes,
        num_stuff_classes=num_stuff_classes),
    panoptic_fusion_head=dict(
        type='MaskFormerFusionHead',
        num_things_classes=num_things_classes,
        num_stuff_classes=num_stuff_classes,
        loss_panoptic=None,
        init_cfg=None),
    train_cfg=_base_.mask_matching,
    test_cfg=dict(
        panoptic_on=False,
        semantic_on=False,
        instance_on=True,
        max_per_image=40,
        iou_thr=0.8,
        filter_low_score=True),
    init_cfg=None)
