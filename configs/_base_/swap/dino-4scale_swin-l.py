# DINO Swin-L with 4 scales, as published, where the one of mmdet has 5. mmdet
# has no weights of it, so the checkpoint has to be trained or converted.
four_scales = dict(
    num_feature_levels=4,
    backbone=dict(out_indices=(1, 2, 3)),
    neck=dict(in_channels=[384, 768, 1536], num_outs=4),
    encoder=dict(layer_cfg=dict(self_attn_cfg=dict(num_levels=4))),
    decoder=dict(layer_cfg=dict(cross_attn_cfg=dict(num_levels=4))))
