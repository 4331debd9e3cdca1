# A request to forget classes of ImageNet-100 with GS-LoRA++; the plans
# (vit-b16_imagenet100_*_requests.py) say which.
_base_ = [
    '../_base_/swap/vit-b16_imagenet100.py', '../_base_/swap/gs-lora.py'
]
classes = dict(base=_base_.base_classes, forget=_base_.base_classes[:20])
model = dict(
    classes=classes,
    adapter=_base_.adapter,
    objective=dict(_delete_=True, **_base_.objective))
# Published for ImageNet-100.
model['objective']['forget_prototype_weight'] = 0.05

retain_set = dict(
    **_base_.retain_set, classes=classes)
retain_set['shots'] = _base_.num_shots
forget_set = dict(retain_set, keep='forget')
train_dataloader = dict(
    _delete_=True,
    **_base_.loader,
    dataset=dict(
        type='mmswap.SwapDataset',
        branches=dict(retain=[retain_set], forget=[forget_set])))

val_set = dict(**_base_.val_base_set, classes=classes)
val_set['keep'] = 'all'
val_dataloader = dict(dataset=dict(_delete_=True, **val_set))
test_dataloader = val_dataloader
metric = _base_.metric
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

train_cfg = dict(_delete_=True, **_base_.loop)
optim_wrapper = dict(_delete_=True, **_base_.optim)
param_scheduler = _base_.schedule
auto_scale_lr = dict(base_batch_size=96)
default_hooks = dict(checkpoint=dict(interval=_base_.num_iters))
custom_hooks = _base_.hooks
