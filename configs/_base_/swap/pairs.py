# What the pairs on COCO that learn five birds of CUB-200-2011 share. No paper
# has these pairs: their constants are a start, not a result.
_base_ = './coco_cub-5.py'
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)
swap_model = dict(
    type='mmswap.SwapModel', objective=dict(type='mmswap.LearnObjective'))
loader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='mmswap.SwapSampler', retain=2, target=2))
swap_set = dict(type='mmswap.SwapDataset', phase='learn')
# The images of each data set stand for its own splits. Not `all` of both at
# once: the image ids of one occur in the other.
old_subset = dict(type='mmswap.ClassSubset', keep=['retain', 'forget'])
new_subset = dict(type='mmswap.ClassSubset', keep='learn')
swap_evaluator = dict(type='mmswap.SwapEvaluator', images='split')
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
