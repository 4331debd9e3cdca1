# A request to forget classes of COCO with GS-LoRA++; the plans
# (deformable-detr_r50_coco_*_requests.py) say which. The published detection
# experiments came without code, so these constants are a start, not theirs.
_base_ = [
    'mmdet::deformable_detr/deformable-detr_r50_16xb2-50e_coco.py',
    '../_base_/classes/coco.py'
]
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)
classes = dict(base=_base_.base_classes, forget=_base_.forget_classes)
model = dict(
    _delete_=True,
    type='mmswap.SwapModel',
    model=_base_.model,
    classes=classes,
    adapter=dict(rank=8, alpha=8, targets='ffn'),
    objective=dict(
        type='mmswap.PrototypeObjective',
        bound='auto',
        weight=0.2,
        forget_prototype_weight=0.01))

retain_set = dict(
    type='mmswap.ClassSubset',
    dataset=_base_.train_dataloader.dataset,
    classes=classes,
    keep='retain')
forget_set = dict(retain_set, keep='forget')
train_dataloader = dict(
    _delete_=True,
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(
        type='mmswap.SwapSampler', branch_sizes=dict(retain=2, forget=2)),
    collate_fn=dict(type='mmswap.swap_collate'),
    dataset=dict(
        type='mmswap.SwapDataset',
        branches=dict(retain=[retain_set], forget=[forget_set])))

test_pipeline = _base_.test_pipeline
test_pipeline[-1]['meta_keys'] += ('instances', )
val_set = _base_.val_dataloader.dataset
val_set.update(pipeline=test_pipeline)
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmswap.ClassSubset',
        dataset=val_set,
        classes=classes,
        keep='all'))
test_dataloader = val_dataloader
metric = dict(type='CocoMetric', metric='bbox', classwise=True)
val_evaluator = dict(
    _delete_=True,
    type='mmswap.SwapEvaluator',
    classes=classes,
    metrics=dict(
        retain=metric,
        forget=metric,
        forgotten_before=metric,
        missing=metric,
        all=metric))
test_evaluator = val_evaluator

num_iters = 4000
train_cfg = dict(
    _delete_=True,
    type='IterBasedTrainLoop',
    max_iters=num_iters,
    val_interval=num_iters)
optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=1e-4),
    clip_grad=dict(max_norm=0.1, norm_type=2),
    constructor='mmswap.SwapOptimWrapperConstructor',
    group_sparse=dict(alpha=0.01, mode='penalty'))
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        eta_min=1e-6,
        by_epoch=False,
        begin=0,
        end=num_iters)
]
auto_scale_lr = dict(base_batch_size=4)
default_hooks = dict(
    swap=dict(type='mmswap.SwapHook'),
    checkpoint=dict(by_epoch=False, interval=num_iters))
log_processor = dict(by_epoch=False)
custom_hooks = [
    dict(type='mmswap.SwapLogHook'),
    # The whole of COCO is not needed for a mean.
    dict(type='mmswap.PrototypeHook', images_per_class=50),
    dict(type='mmswap.AdapterHook')
]
load_from = ('checkpoints/deformable-detr_r50_16xb2-50e_coco_'
             '20221029_210934-6bc7d21b.pth')
