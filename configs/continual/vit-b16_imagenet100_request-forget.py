# A request to forget classes of ImageNet-100 with GS-LoRA++; the plans
# (vit-b16_imagenet100_*_requests.py) say which.
_base_ = [
    '../_base_/swap/vit-b16.py', '../_base_/swap/imagenet100.py',
    '../_base_/swap/gs-lora.py'
]
classes = dict(base=_base_.base_classes, forget=_base_.base_classes[:20])
# The weight of the prototypes is that published for ImageNet-100.
model = dict(
    classes=classes,
    objective=dict(_base_.objective, forget_prototype_weight=0.05))
train_dataloader = dict(
    _delete_=True,
    dataset=dict(_base_.swap_set, classes=classes, old=_base_.train_set),
    **_base_.loader)
val_dataloader = dict(
    batch_size=80,
    dataset=dict(
        _delete_=True,
        type='mmswap.ClassSubset',
        classes=classes,
        keep='all',
        dataset=_base_.val_set))
val_evaluator = dict(
    _delete_=True,
    type='mmswap.SwapEvaluator',
    metrics=dict(type='Accuracy', topk=(1, 5)))
test_dataloader, test_evaluator = val_dataloader, val_evaluator

train_cfg = dict(_delete_=True, **_base_.loop)
optim_wrapper = dict(_delete_=True, **_base_.optim)
param_scheduler = [_base_.cosine]
auto_scale_lr = dict(base_batch_size=96)
default_hooks = _base_.swap_hooks
