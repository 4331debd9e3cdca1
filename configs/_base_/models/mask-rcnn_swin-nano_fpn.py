# Mask R-CNN on a small Swin. `sampling_ratio` is fixed because the adaptive
# one (0) makes mmcv's CPU RoIAlign take half of a step.
_base_ = [
    __import__('mmswap').stock_config(
        'mmdet::_base_/models/mask-rcnn_r50_fpn.py'), './swin-nano.py'
]

roi_extractor = dict(
    roi_layer=dict(sampling_ratio=1),
    out_channels=64,
    finest_scale=28,
    featmap_strides=[4, 8, 16])
proposals = dict(nms_pre=200, max_per_img=60)
model = dict(
    backbone=dict(_delete_=True, **_base_.swin_nano),
    neck=dict(in_channels=[32, 64, 128, 256], out_channels=64, num_outs=4),
    rpn_head=dict(
        in_channels=64,
        feat_channels=64,
        anchor_generator=dict(
            scales=[4], ratios=[1.0, 2.0], strides=[4, 8, 16, 32])),
    roi_head=dict(
        bbox_roi_extractor=roi_extractor,
        bbox_head=dict(in_channels=64, fc_out_channels=256, num_classes=8),
        mask_roi_extractor=roi_extractor,
        mask_head=dict(
            num_convs=2, in_channels=64, conv_out_channels=64,
            num_classes=8)),
    train_cfg=dict(
        rpn=dict(sampler=dict(num=64)),
        rpn_proposal=proposals,
        rcnn=dict(sampler=dict(num=32))),
    test_cfg=dict(rpn=proposals, rcnn=dict(max_per_img=40)))
