# Mask2Former for semantic maps, small enough to train on two CPU cores.
_base_ = ['./swin-nano.py', './mask2former_nano.py', './mask2former_losses.py']
custom_imports = dict(imports=['mmdet.models'], allow_failed_imports=False)

num_classes = 9
model = dict(
    type='EncoderDecoder',
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        **_base_.image_norm,
        bgr_to_rgb=True,
        pad_val=0,
        seg_pad_val=255,
        size=(128, 128)),
    backbone=_base_.swin_nano,
    decode_head=dict(
        **_base_.mask2former_head,
        **_base_.mask_losses,
        loss_cls=dict(
            _base_.loss_cls, class_weight=[1.0] * num_classes + [0.1]),
        num_classes=num_classes,
        align_corners=False,
        train_cfg=_base_.mask_matching),
    train_cfg=dict(),
    test_cfg=dict(mode='whole'))
