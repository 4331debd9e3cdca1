# Forgetting digits with the classifier: what GS-LoRA and the methods that it
# is compared with have in common. All weights train but those of the head,
# which GS-LoRA's comparison holds still for every method.
_base_ = [
    '../models/vit-nano.py', '../datasets/digits_single.py',
    '../schedules/nano_swap.py', '../runtimes/mmpretrain.py'
]
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)

classes = dict(base=_base_.base_classes, forget=('three', 'five'))
model = dict(
    _delete_=True, type='mmswap.SwapModel', model=_base_.model,
    classes=classes, trains='all')
train_dataloader = dict(
    batch_size=16,
    persistent_workers=True,
    sampler=dict(
        _delete_=True, type='mmswap.SwapSampler', retain=12, target=4),
    dataset=dict(
        _delete_=True, type='mmswap.SwapDataset', phase='forget',
        classes=classes, old=_base_.train_dataloader.dataset))
val_dataloader = dict(
    dataset=dict(
        _delete_=True, type='mmswap.ClassSubset', classes=classes,
        keep='all', dataset=_base_.val_dataloader.dataset))
test_dataloader = val_dataloader
val_evaluator = dict(
    _delete_=True, type='mmswap.SwapEvaluator', metrics=_base_.val_evaluator)
test_evaluator = val_evaluator

max_iters = 50
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
optim_wrapper = dict(
    optimizer=dict(lr=1e-3),
    paramwise_cfg=dict(
        custom_keys={'model.head': dict(lr_mult=0., decay_mult=0.)}))
param_scheduler = [dict(_base_.param_scheduler[0], end=max_iters)]
default_hooks = dict(swap=dict(type='mmswap.SwapHook'))
load_from = 'work_dirs/vit-nano_base/iter_6000.pth'
