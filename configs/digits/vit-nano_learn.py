_base_ = './vit-nano_base.py'
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)

classes = dict(
    base=_base_.base_meta['classes'],
    learn=('eight', 'nine'),
    forget=('three', 'five'))
model = dict(
    _delete_=True,
    type='mmswap.SwapModel',
    model=_base_.model,
    classes=classes,
    adapter=dict(rank=16, alpha=16, targets=['ffn', 'attention']),
    objective=dict(
        type='mmswap.LearnObjective', retain_weight=1.0, weight=1.0))

# Old images for the classes to retain, new images for those to learn.
retain_set = dict(
    type='mmswap.ClassSubset',
    dataset=_base_.train_dataloader.dataset,
    classes=classes,
    keep='retain')
learn_set = dict(
    type='mmswap.ClassSubset',
    dataset=dict(
        type='CustomDataset',
        data_root=_base_.data_root,
        ann_file='single/learn.txt',
        data_prefix='single/learn',
        metainfo=_base_.all_meta,
        pipeline=_base_.train_pipeline),
    classes=classes,
    keep='learn')
train_dataloader = dict(
    _delete_=True,
    batch_size=24,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(
        type='mmswap.SwapSampler', branch_sizes=dict(retain=12, learn=12)),
    collate_fn=dict(type='mmswap.swap_collate'),
    dataset=dict(
        type='mmswap.SwapDataset',
        branches=dict(retain=retain_set, learn=learn_set)))

# Every split is scored on its own images; `all` is the stock figure.
val_dataloader = dict(dataset=dict(metainfo=_base_.all_meta))
test_dataloader = val_dataloader
metric = dict(type='Accuracy', topk=1)
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
    optimizer=dict(lr=7e-3))
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
load_from = 'work_dirs/vit-nano_base/iter_6000.pth'
