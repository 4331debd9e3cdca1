_base_ = './mask2former-panoptic_swin-nano_base.py'

classes = dict(
    base=_base_.base_meta['classes'],
    learn=('eight', 'nine'),
    forget=('three', 'five'),
    stuff=('background', ))
model = dict(
    _delete_=True,
    type='mmswap.SwapModel',
    model=_base_.model,
    classes=classes,
    adapter=dict(rank=8, alpha=8, targets='ffn'),
    objective=dict(
        type='mmswap.LearnObjective', retain_weight=1.0, weight=0.9))

# Old images for the classes to retain, new images for those to learn.
retain_set = dict(
    type='mmswap.ClassSubset',
    dataset=_base_.train_dataloader.dataset,
    classes=classes,
    keep='retain')
learn_set = dict(
    type='mmswap.ClassSubset',
    dataset=dict(
        type='CocoPanopticDataset',
        data_root=_base_.data_root,
        ann_file='annotations/panoptic_learn.json',
        data_prefix=dict(img='images/learn/', seg='panoptic/learn/'),
        metainfo=_base_.all_meta,
        pipeline=_base_.train_pipeline),
    classes=classes,
    keep='learn')
train_dataloader = dict(
    _delete_=True,
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(
        type='mmswap.SwapSampler', branch_sizes=dict(retain=3, learn=5)),
    collate_fn=dict(type='mmswap.swap_collate'),
    dataset=dict(
        type='mmswap.SwapDataset',
        branches=dict(retain=retain_set, learn=learn_set)))

# Every split is scored on its own images; `all` is the stock figure.
val_dataloader = dict(dataset=dict(classes=classes))
test_dataloader = val_dataloader
metric = dict(type='mmswap.PanopticMetric')
val_evaluator = dict(
    _delete_=True,
    type='mmswap.SwapEvaluator',
    classes=classes,
    metrics=dict(retain=metric, forget=metric, learn=metric, all=metric))
test_evaluator = val_evaluator

max_iters = 300
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
optim_wrapper = dict(
    constructor='mmswap.SwapOptimWrapperConstructor',
    group_sparse=dict(alpha=0.01, mode='penalty'),
    optimizer=dict(lr=5e-3))
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        eta_min=1e-5,
        by_epoch=False,
        begin=0,
        end=max_iters)
]
default_hooks = dict(
    swap=dict(type='mmswap.SwapHook'),
    checkpoint=dict(interval=max_iters))
custom_hooks = [dict(type='mmswap.SwapLogHook'),
                dict(type='mmswap.AdapterHook')]
load_from = 'work_dirs/mask2former-panoptic_swin-nano_base/iter_2000.pth'
