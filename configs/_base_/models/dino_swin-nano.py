# DINO with three feature levels, small enough to train on two CPU cores.
# mmdet 3.3 runs DINO with a width of 256 only: OneDL's fork is needed.
_base_ = ['./swin-nano.py', './dino_nano.py']

model = dict(
    type='DINO',
    num_queries=30,
    with_box_refine=True,
    as_two_stage=True,
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        **_base_.image_norm,
        bgr_to_rgb=True,
        pad_size_divisor=1),
    backbone=dict(_base_.swin_nano, out_indices=(1, 2, 3)),
    neck=dict(
        type='ChannelMapper',
        in_channels=[64, 128, 256],
        kernel_size=1,
        out_channels=64,
        act_cfg=None,
        norm_cfg=dict(type='GN', num_groups=32),
        num_outs=3),
    encoder=_base_.dino_encoder,
    decoder=_base_.dino_decoder,
    positional_encoding=dict(
        num_feats=32, normalize=True, offset=0.0, temperature=20),
    bbox_head=_base_.dino_head,
    dn_cfg=dict(
        label_noise_scale=0.5,
        box_noise_scale=1.0,
        group_cfg=dict(dynamic=True, num_groups=None, num_dn_queries=20)),
    train_cfg=dict(assigner=_base_.dino_assigner),
    test_cfg=dict(max_per_img=50))
