# YOLOX-Nano as mmdet has it, but for the classes and the size of the images.
norm = dict(norm_cfg=dict(type='BN', momentum=0.03, eps=0.001))
depthwise = dict(use_depthwise=True)
model = dict(
    type='YOLOX',
    data_preprocessor=dict(type='DetDataPreprocessor', pad_size_divisor=32),
    backbone=dict(
        type='CSPDarknet',
        deepen_factor=0.33,
        widen_factor=0.25,
        out_indices=(2, 3, 4),
        **depthwise,
        **norm),
    neck=dict(
        type='YOLOXPAFPN',
        in_channels=[64, 128, 256],
        out_channels=64,
        num_csp_blocks=1,
        **depthwise,
        **norm),
    bbox_head=dict(
        type='YOLOXHead',
        num_classes=8,
        in_channels=64,
        feat_channels=64,
        **depthwise,
        **norm),
    train_cfg=dict(assigner=dict(type='SimOTAAssigner', center_radius=2.5)),
    test_cfg=dict(score_thr=0.01, nms=dict(type='nms', iou_threshold=0.65)))
