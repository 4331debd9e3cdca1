# What detection and segmentation of Knowledge Swapping share, as published.
swap_model = dict(
    type='mmswap.SwapModel',
    adapter=dict(rank=8, alpha=1, targets='ffn'),
    objective=dict(
        type='mmswap.LearnObjective', retain_weight=1.0, weight=0.9))
# Old and new images to retain are seen alike: the sampling weights that the
# published code declares have no effect.
swap_sampler = dict(
    type='mmswap.SwapSampler', shares=dict(retain='lengths'))
swap_evaluator = dict(type='mmswap.SwapEvaluator', images='split')
swap_optim = dict(
    type='OptimWrapper',
    constructor='mmswap.SwapOptimWrapperConstructor',
    group_sparse=dict(alpha=0.01, mode='penalty'))
swap_hooks = dict(
    swap=dict(type='mmswap.SwapHook'),
    swap_log=dict(type='mmswap.SwapLogHook'),
    adapter=dict(type='mmswap.AdapterHook'))
