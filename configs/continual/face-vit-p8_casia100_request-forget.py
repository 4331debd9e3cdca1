# A request to forget identities with GS-LoRA++; the plans
# (face-vit-p8_casia100_*_requests.py) say which.
_base_ = ['./face-vit-p8_casia100_base.py', '../_base_/swap/gs-lora.py']
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)
classes = dict(base=_base_.base_classes, forget=_base_.base_classes[:20])
model = dict(
    _delete_=True,
    type='mmswap.SwapModel',
    model=_base_.model,
    classes=classes,
    adapter=_base_.adapter,
    objective=_base_.objective)
old, val_set = _base_.train_dataloader.dataset, _base_.val_dataloader.dataset
train_dataloader = dict(
    _delete_=True,
    dataset=dict(_base_.swap_set, classes=classes, old=old),
    **_base_.loader)
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmswap.ClassSubset',
        classes=classes,
        keep='all',
        dataset=val_set))
val_evaluator = dict(
    _delete_=True, type='mmswap.SwapEvaluator', metrics=_base_.val_evaluator)
test_dataloader, test_evaluator = val_dataloader, val_evaluator

train_cfg = dict(_delete_=True, **_base_.loop)
optim_wrapper = dict(_delete_=True, **_base_.optim)
param_scheduler = [_base_.cosine]
default_hooks = _base_.swap_hooks
log_processor = dict(by_epoch=False)
load_from = 'work_dirs/face-vit-p8_casia100_base/epoch_100.pth'
