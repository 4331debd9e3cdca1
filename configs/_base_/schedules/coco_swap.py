# A start for swaps of COCO models, from no paper.
swap_model = dict(
    type='mmswap.SwapModel', objective=dict(type='mmswap.LearnObjective'))
loader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='mmswap.SwapSampler', retain=2, target=2))
swap_set = dict(
    type='mmswap.SwapDataset', phase='learn', forgotten='left_out')
optim = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=1e-4),
    clip_grad=dict(max_norm=0.1, norm_type=2),
    constructor='mmswap.SwapOptimWrapperConstructor')
steps = 4000
loop = dict(type='IterBasedTrainLoop', max_iters=steps, val_interval=steps)
cosine = dict(
    type='CosineAnnealingLR', eta_min=1e-6, by_epoch=False, begin=0, end=steps)
swap_hooks = dict(
    swap=dict(type='mmswap.SwapHook'),
    swap_log=dict(type='mmswap.SwapLogHook'),
    adapter=dict(type='mmswap.AdapterHook'),
    checkpoint=dict(by_epoch=False, interval=steps))
