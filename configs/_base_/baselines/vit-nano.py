# Forgetting digits with the classifier: what GS-LoRA and the methods that it
# is compared with have in common. All weights train but those of the head,
# which GS-LoRA's comparison holds still for every method.
_base_ = [
    '../models/vit-nano.py', '../datasets/digits_single.py',
    '../schedules/nano_iters.py', '../runtimes/mmpretrain.py'
]
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)

classes = dict(base=_base_.base_meta['classes'], forget=('three', 'five'))
model = dict(
    _delete_=True,
    type='mmswap.SwapModel',
    model=_base_.model,
    classes=classes,
    trains='all')

base_set = _base_.train_dataloader.dataset
train_dataloader = dict(
    _delete_=True,
    batch_size=16,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(
        type='mmswap.SwapSampler', branch_sizes=dict(retain=12, forget=4)),
    collate_fn=dict(type='mmswap.swap_collate'),
    dataset=dict(
        type='mmswap.SwapDataset',
        branches=dict(
            retain=dict(
                type='mmswap.ClassSubset',
                dataset=base_set,
                classes=classes,
                keep='retain'),
            forget=dict(
                type='mmswap.ClassSubset',
                dataset=base_set,
                classes=classes,
                keep='forget'))))

val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmswap.ClassSubset',
        dataset=dict(
            _base_.val_dataloader.dataset, metainfo=_base_.all_meta),
        classes=classes,
        keep='all'))
test_dataloader = val_dataloader
metric = dict(type='Accuracy', topk=1)
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

max_iters = 50
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
optim_wrapper = dict(
    constructor='mmswap.SwapOptimWrapperConstructor',
    optimizer=dict(lr=1e-3),
    paramwise_cfg=dict(
        custom_keys={'model.head': dict(lr_mult=0., decay_mult=0.)}))
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
custom_hooks = [dict(type='mmswap.SwapLogHook')]
load_from = 'work_dirs/vit-nano_base/iter_6000.pth'
