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

retain_set = dict(
    type='mmswap.ClassSubset',
    dataset=_base_.train_dataloader.dataset,
    classes=classes,
    keep='retain',
    shots=_base_.num_shots)
forget_set = dict(retain_set, keep='forget')
train_dataloader = dict(
    _delete_=True,
    **_base_.loader,
    dataset=dict(
        type='mmswap.SwapDataset',
        branches=dict(retain=[retain_set], forget=[forget_set])))

val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmswap.ClassSubset',
        dataset=_base_.val_dataloader.dataset,
        classes=classes,
        keep='all'))
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
default_hooks = dict(
    swap=dict(type='mmswap.SwapHook'),
    checkpoint=dict(by_epoch=False, interval=_base_.num_iters))
log_processor = dict(by_epoch=False)
custom_hooks = _base_.hooks
load_from = 'work_dirs/face-vit-p8_casia100_base/epoch_100.pth'
