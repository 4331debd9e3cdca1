# The face transformer of GS-LoRA: patches of 8 pixels, 6 layers, 512
# dimensions. Its head is ArcFace of mmpretrain, where the published one is
# CosFace (s 64, m 0.35).
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
