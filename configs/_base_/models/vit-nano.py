# A small vision transformer for images of 64x64 pixels.
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(
        type='ClsDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        to_rgb=True),
    backbone=dict(
        type='VisionTransformer',
        arch=dict(
            embed_dims=96,
            num_layers=6,
            num_heads=4,
            feedforward_channels=384),
        img_size=64,
        patch_size=8,
        with_cls_token=False,
        out_type='avg_featmap'),
    head=dict(
        type='VisionTransformerClsHead',
        num_classes=8,
        in_channels=96,
        loss=dict(type='CrossEntropyLoss', loss_weight=1.0)))
