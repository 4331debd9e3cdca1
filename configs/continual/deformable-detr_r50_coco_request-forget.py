# A request to forget classes of COCO with GS-LoRA++; the plans
# (deformable-detr_r50_coco_*_requests.py) say which. Constants are those of
# the published code, for 8 GPUs, unless a comment says otherwise.
_base_ = [
    'mmdet::deformable_detr/deformable-detr_r50_16xb2-50e_coco.py',
    '../_base_/classes/coco.py'
]
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)
classes = dict(base=_base_.base_classes, forget=_base_.forget_classes)
# What is driven up is the class loss alone; the boxes of what is forgotten are
# learned, with the model's own weights 5 and 2. Only the last decoder layer
# has losses.
model = dict(
    _delete_=True,
    type='mmswap.SwapModel',
    model=_base_.model,
    classes=classes,
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
retain_set = dict(
    type='mmswap.ClassSubset',
    dataset=_base_.train_dataloader.dataset,
    classes=classes,
    keep='retain',
    fraction=0.1)
forget_set = dict(retain_set, keep='forget')
train_dataloader = dict(
    _delete_=True,
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(
        type='mmswap.SwapSampler', branch_sizes=dict(retain=4, forget=4)),
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

# 30 epochs; how long they are the plans say, for each request.
num_iters = 30 * 70
train_cfg = dict(
    _delete_=True,
    type='IterBasedTrainLoop',
    max_iters=num_iters,
    val_interval=num_iters)
# A constant learning rate: the published drop comes after the last epoch.
optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=3e-4, weight_decay=1e-4),
    clip_grad=dict(max_norm=0.1, norm_type=2),
    constructor='mmswap.SwapOptimWrapperConstructor',
    group_sparse=dict(alpha=3e-4, mode='penalty'))
param_scheduler = []
auto_scale_lr = dict(base_batch_size=64)
default_hooks = dict(
    swap=dict(type='mmswap.SwapHook'),
    checkpoint=dict(by_epoch=False, interval=num_iters))
log_processor = dict(by_epoch=False)
custom_hooks = [
    dict(type='mmswap.SwapLogHook'),
    # Prototypes are the rows of the class head, no means of queries.
    dict(type='mmswap.PrototypeHook', source='classifier'),
    dict(type='mmswap.AdapterHook')
]
load_from = ('checkpoints/deformable-detr_r50_16xb2-50e_coco_'
             '20221029_210934-6bc7d21b.pth')
