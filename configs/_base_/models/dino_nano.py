# The layers and losses of DINO, with a width of 64.
attention = dict(embed_dims=64, num_heads=8, dropout=0.0)
deformable_attention = dict(attention, num_levels=3)
ffn = dict(embed_dims=64, feedforward_channels=256, ffn_drop=0.0)

dino_encoder = dict(
    num_layers=2,
    layer_cfg=dict(self_attn_cfg=deformable_attention, ffn_cfg=ffn))
dino_decoder = dict(
    num_layers=3,
    return_intermediate=True,
    layer_cfg=dict(
        self_attn_cfg=attention,
        cross_attn_cfg=deformable_attention,
        ffn_cfg=ffn),
    post_norm_cfg=None)
dino_head = dict(
    type='DINOHead',
    num_classes=8,
    embed_dims=64,
    sync_cls_avg_factor=True,
    loss_cls=dict(
        type='FocalLoss',
        use_sigmoid=True,
        gamma=2.0,
        alpha=0.25,
        loss_weight=1.0),
    loss_bbox=dict(type='L1Loss', loss_weight=5.0),
    loss_iou=dict(type='GIoULoss', loss_weight=2.0))
dino_assigner = dict(
    type='HungarianAssigner',
    match_costs=[
        dict(type='FocalLossCost', weight=2.0),
        dict(type='BBoxL1Cost', weight=5.0, box_format='xywh'),
        dict(type='IoUCost', iou_mode='giou', weight=2.0)
    ])
