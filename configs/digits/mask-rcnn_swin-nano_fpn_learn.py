_base_ = './mask-rcnn_swin-nano_fpn_base.py'
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)

classes = dict(
    base=_base_.base_classes,
    learn=('eight', 'nine'),
    forget=('three', 'five'))
# The RoI head gets LoRA too: from the backbone alone, forgetting a class
# costs the others (docs/digits.md).
model = dict(
    _delete_=True,
    type='mmswap.SwapModel',
    model=_base_.model,
    classes=classes,
    adapter=dict(rank=8, alpha=8, targets=['ffn', 'fc']),
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
        type='CocoDataset',
        data_root=_base_.data_root,
        ann_file='annotations/learn.json',
        data_prefix=dict(img='images/learn/'),
        metainfo=dict(classes=classes['learn']),
        pipeline=_base_.train_pipeline),
    classes=classes,
    keep='learn')
train_dataloader = dict(
    _delete_=True,
    batch_size=8,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(
        type='mmswap.SwapSampler', branch_sizes=dict(retain=4, learn=4)),
    collate_fn=dict(type='mmswap.swap_collate'),
    dataset=dict(
        type='mmswap.SwapDataset',
        branches=dict(retain=retain_set, learn=learn_set)))

# Every split is scored on its own images; `all` is the stock figure.
all_classes = dict(classes=classes['base'] + classes['learn'])
val_dataloader = dict(dataset=dict(metainfo=all_classes))
test_dataloader = val_dataloader
metric = dict(type='CocoMetric', metric=['bbox', 'segm'], classwise=True)
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
load_from = 'work_dirs/mask-rcnn_swin-nano_fpn_base/iter_2000.pth'
