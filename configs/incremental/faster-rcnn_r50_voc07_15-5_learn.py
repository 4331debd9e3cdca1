# The other 5 classes of VOC 2007, on other images, in which only these are
# labelled; `mmswap pseudo-label` writes learn_all.json. No old image is used.
_base_ = [
    './faster-rcnn_r50_voc07_15-5_base.py', '../_base_/incremental/learn.py'
]
classes = dict(base=_base_.names, learn=_base_.METAINFO.classes[15:])
model = dict(
    _delete_=True,
    model=_base_.model,
    classes=classes,
    adapter=dict(targets=['conv', 'fc']),
    **_base_.swap_model)

new = dict(
    _base_.train_dataloader.dataset.dataset,
    ann_file='mmswap/15-5/learn_all.json')
train_dataloader = dict(
    _delete_=True,
    dataset=dict(classes=classes, new=new, **_base_.swap_set),
    **_base_.loader)
val_dataloader = dict(
    dataset=dict(
        classes=classes,
        dataset=_base_.val_dataloader.dataset,
        **_base_.subset))
val_evaluator = dict(metrics=_base_.val_evaluator, **_base_.swap_evaluator)
test_dataloader, test_evaluator = val_dataloader, val_evaluator

train_cfg = dict(_delete_=True, **_base_.loop)
optim_wrapper = dict(_delete_=True, **_base_.optim)
param_scheduler = [_base_.cosine]
default_hooks = _base_.swap_hooks
log_processor = dict(by_epoch=False)
load_from = 'work_dirs/faster-rcnn_r50_voc07_15-5_base/epoch_4.pth'
