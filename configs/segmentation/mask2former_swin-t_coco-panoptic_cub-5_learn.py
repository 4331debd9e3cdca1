_base_ = [
    'mmdet::mask2former/'
    'mask2former_swin-t-p4-w7-224_8xb2-lsj-50e_coco-panoptic.py',
    '../_base_/swap/coco-panoptic_cub-5.py'
]
classes = _base_.classes
model = dict(
    _delete_=True, model=_base_.model, classes=classes, **_base_.swap_model)

# mmdet's loader of the maps needs panopticapi.
old, old_val = _base_.train_dataloader.dataset, _base_.val_dataloader.dataset
old.pipeline[1].type = 'mmswap.LoadPanopticAnnotations'
old_val.pipeline[2].type = 'mmswap.LoadPanopticAnnotations'
train_dataloader = dict(
    _delete_=True,
    dataset=dict(_base_.swap_set, classes=classes, old=old, new=_base_.new),
    **_base_.loader)
new_val = dict(old_val, **_base_.new_val)
val_sets = [
    dict(_base_.old_subset, classes=classes, dataset=old_val),
    dict(_base_.new_subset, classes=classes, dataset=new_val)
]
val_dataloader = dict(
    dataset=dict(
        _delete_=True, type='mmengine.ConcatDataset', datasets=val_sets))
val_evaluator = dict(
    _delete_=True,
    metrics=dict(type='mmswap.PanopticMetric'),
    **_base_.swap_evaluator)
test_dataloader, test_evaluator = val_dataloader, val_evaluator

train_cfg = dict(_delete_=True, **_base_.loop)
optim_wrapper = dict(_delete_=True, **_base_.optim)
param_scheduler = [_base_.cosine]
auto_scale_lr = dict(base_batch_size=4)
default_hooks = _base_.swap_hooks
log_processor = dict(by_epoch=False)
load_from = ('checkpoints/mask2former_swin-t-p4-w7-224_8xb2-lsj-50e_'
             'coco-panoptic_20220326_224553-3ec9e0ae.pth')
