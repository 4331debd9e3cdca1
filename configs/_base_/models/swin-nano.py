# A Swin for images of 128x128 pixels, and how its images are normalised.
image_norm = dict(mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
swin_nano = dict(
    type='SwinTransformer',
    embed_dims=32,
    depths=[2, 2, 2, 2],
    num_heads=[1, 2, 4, 8],
    window_size=4,
    drop_path_rate=0.0,
    out_indices=(0, 1, 2, 3))
