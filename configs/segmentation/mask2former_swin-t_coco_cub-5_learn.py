_base_ = [
    'mmdet::mask2former/mask2former_swin-t-p4-w7-224_8xb2-lsj-50e_coco.py',
    '../_base_/swap/pairs.py'
]
classes = _base_.classes
model = dict(
    _delete_=True, model=_base_.model, classes=classes, **_base_.swap_model)

# The stock data sets inherit the folders of the panoptic maps.
old, old_val = _base_.train_dataloader.dataset, _base_.val_dataloader.dataset
old.data_prefix = dict(img='train2017/')
old_val.data_prefix = dict(img='val2017/')
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
    metrics=dict(_base_.val_evaluator, classwise=True),
    **_base_.swap_evaluator)
test_dataloader, test_evaluator = val_dataloader, val_evaluator

train_cfg = dict(_delete_=True, **_base_.loop)
optim_wrapper = dict(_delete_=True, **_base_.optim)
param_scheduler = [_base_.cosine]
auto_scale_lr = dict(base_batch_size=4)
default_hooks = _base_.swap_hooks
log_processor = dict(by_epoch=False)
load_from = ('checkpoints/mask2former_swin-t-p4-w7-224_8xb2-lsj-50e_coco_'
             '20220508_091649-01b0f990.pth')
