# What the pairs on COCO that learn five birds of CUB-200-2011 share. No paper
# has these pairs: their constants are a start, not a result.
_base_ = '../classes/coco.py'
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)

# The birds of Knowledge Swapping.
classes = dict(
    base=_base_.base_classes,
    learn=('Black_footed_Albatross', 'Laysan_Albatross', 'Sooty_Albatross',
           'Groove_billed_Ani', 'Brewer_Blackbird'),
    forget=_base_.forget_classes)
cub = dict(
    type='CocoDataset',
    data_root='data/CUB_200_2011/',
    data_prefix=dict(img=''),
    metainfo=dict(classes=classes['learn']))

adapter = dict(rank=8, alpha=8, targets='ffn')
objective = dict(type='mmswap.LearnObjective', retain_weight=1.0, weight=0.9)
loader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(
        type='mmswap.SwapSampler', branch_sizes=dict(retain=2, learn=2)),
    collate_fn=dict(type='mmswap.swap_collate'))
optim = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=1e-4),
    clip_grad=dict(max_norm=0.1, norm_type=2),
    constructor='mmswap.SwapOptimWrapperConstructor',
    group_sparse=dict(alpha=0.01, mode='penalty'))
num_iters = 4000
loop = dict(
    type='IterBasedTrainLoop', max_iters=num_iters, val_interval=num_iters)
schedule = [
    dict(
        type='CosineAnnealingLR',
        eta_min=1e-6,
        by_epoch=False,
        begin=0,
        end=num_iters)
]
custom_hooks = [dict(type='mmswap.SwapLogHook'),
                dict(type='mmswap.AdapterHook')]
