# GS-LoRA++ on COCO, as published, for 8 GPUs.
_base_ = '../classes/coco.py'
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)
# What is driven up is the class loss alone; the boxes of what is forgotten are
# learned, with the model's own weights 5 and 2. Only the last decoder layer
# has losses.
swap_model = dict(
    type='mmswap.SwapModel',
    adapter=dict(rank=8, alpha=1, targets='ffn'),
    objective=dict(
        type='mmswap.PrototypeObjective',
        bound=15.,
        weight=0.15,
        ascend=('loss_cls', ),
        aux_losses=False,
        forget_prototype_weight=0.005,
        prototype_bound=18.))
# A random tenth of the images that have a class of the branch.
swap_set = dict(
    type='mmswap.SwapDataset', phase='forget', subset=dict(fraction=0.1))
loader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='mmswap.SwapSampler', retain=4, target=4))
optim = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=3e-4, weight_decay=1e-4),
    clip_grad=dict(max_norm=0.1, norm_type=2),
    constructor='mmswap.SwapOptimWrapperConstructor',
    group_sparse=dict(alpha=3e-4, mode='penalty'))
# Prototypes are the rows of the class head, no means of queries.
swap_hooks = dict(
    swap=dict(type='mmswap.SwapHook'),
    swap_log=dict(type='mmswap.SwapLogHook'),
    prototype=dict(type='mmswap.PrototypeHook', source='classifier'),
    adapter=dict(type='mmswap.AdapterHook'))
