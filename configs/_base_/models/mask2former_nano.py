# The head of Mask2Former with a width of 64, for mmdet and for mmseg.
attention = dict(embed_dims=64, num_heads=8, dropout=0.0, batch_first=True)
ffn = dict(
    embed_dims=64,
    feedforward_channels=256,
    num_fcs=2,
    ffn_drop=0.0,
    act_cfg=dict(type='ReLU', inplace=True))
positional_encoding = dict(num_feats=32, normalize=True)

mask2former_head = dict(
    type='Mask2FormerHead',
    in_channels=[32, 64, 128, 256],
    strides=[4, 8, 16, 32],
    feat_channels=64,
    out_channels=64,
    num_queries=20,
    num_transformer_feat_level=3,
    pixel_decoder=dict(
        type='mmdet.MSDeformAttnPixelDecoder',
        num_outs=3,
        norm_cfg=dict(type='GN', num_groups=32),
        act_cfg=dict(type='ReLU'),
        encoder=dict(
            num_layers=2,
            layer_cfg=dict(
                self_attn_cfg=dict(attention, num_levels=3, num_points=4),
                ffn_cfg=ffn)),
        positional_encoding=positional_encoding),
    enforce_decoder_input_project=False,
    positional_encoding=positional_encoding,
    transformer_decoder=dict(
        return_intermediate=True,
        num_layers=3,
        layer_cfg=dict(
            self_attn_cfg=attention, cross_attn_cfg=attention, ffn_cfg=ffn),
        init_cfg=None))
