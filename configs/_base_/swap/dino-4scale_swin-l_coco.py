# Detection of Knowledge Swapping: DINO Swin-L with 4 scales, as published.
# mmdet has weights of the one with 5 only, so the checkpoint has to be trained
# or converted.
_base_ = './dino-5scale_swin-l_coco.py'

num_levels = 4
model = dict(
    model=dict(
        num_feature_levels=num_levels,
        backbone=dict(out_indices=(1, 2, 3)),
        neck=dict(in_channels=[384, 768, 1536], num_outs=num_levels),
        encoder=dict(
            layer_cfg=dict(self_attn_cfg=dict(num_levels=num_levels))),
        decoder=dict(
            layer_cfg=dict(cross_attn_cfg=dict(num_levels=num_levels)))))
load_from = 'checkpoints/dino-4scale_swin-l_coco.pth'
