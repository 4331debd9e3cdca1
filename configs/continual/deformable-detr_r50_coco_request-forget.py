# A request to forget classes of COCO with GS-LoRA++; the plans
# (deformable-detr_r50_coco_*_requests.py) say which. Constants are those of
# the published code, for 8 GPUs, unless a comment says otherwise.
_base_ = [
    'mmdet::deformable_detr/deformable-detr_r50_16xb2-50e_coco.py',
    '../_base_/swap/gs-lora_coco.py'
]
classes = dict(base=_base_.base_classes, forget=_base_.forget_classes)
model = dict(
    _delete_=True, model=_base_.model, classes=classes, **_base_.swap_model)
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
    _delete_=True,
    type='mmswap.SwapEvaluator',
    metrics=dict(_base_.val_evaluator, classwise=True))
test_dataloader, test_evaluator = val_dataloader, val_evaluator

# 30 epochs; how long they are the plans say, for each request.
steps = 30 * 70
loop = dict(type='IterBasedTrainLoop', max_iters=steps, val_interval=steps)
train_cfg = dict(_delete_=True, **loop)
# A constant learning rate: the published drop comes after the last epoch.
optim_wrapper = dict(_delete_=True, **_base_.optim)
param_scheduler = []
auto_scale_lr = dict(base_batch_size=64)
default_hooks = dict(
    _base_.swap_hooks, checkpoint=dict(by_epoch=False, interval=steps))
log_processor = dict(by_epoch=False)
load_from = ('checkpoints/deformable-detr_r50_16xb2-50e_coco_'
             '20221029_210934-6bc7d21b.pth')
