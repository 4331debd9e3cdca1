# The last 50 classes of ADE20K, on other images, in which only these are
# labelled; `mmswap pseudo-label` writes the maps. No old image is used.
_base_ = [
    './mask2former-seg_r101_ade20k_100-50_base.py',
    '../_base_/schedules/coco_swap.py'
]
custom_imports = dict(
    imports=['mmdet.models', 'mmswap'], allow_failed_imports=False)
classes = dict(base=_base_.names, learn=_base_.base_classes[100:])
model = dict(
    _delete_=True,
    model=_base_.model,
    classes=classes,
    adapter=dict(targets=['ffn', 'conv']),
    **_base_.swap_model)

# Its type knows all names; those of the base model would hide the others.
metainfo = dict(classes=_base_.base_classes)
new = dict(
    _base_.train_dataloader.dataset,
    ann_file='',
    data_prefix=dict(
        img_path='mmswap/100-50/images',
        seg_map_path='mmswap/100-50/learn_all'),
    metainfo=metainfo)
train_dataloader = dict(
    _delete_=True,
    dataset=dict(classes=classes, new=new, **_base_.swap_set),
    **_base_.loader)
val_set = dict(_base_.val_dataloader.dataset, metainfo=metainfo)
subset = dict(type='mmswap.ClassSubset', classes=classes, keep='all')
val_dataloader = dict(dataset=dict(_delete_=True, dataset=val_set, **subset))
val_evaluator = dict(
    _delete_=True, type='mmswap.SwapEvaluator', metrics=_base_.val_evaluator)
test_dataloader, test_evaluator = val_dataloader, val_evaluator

train_cfg = dict(_delete_=True, **_base_.loop)
optim_wrapper = dict(_delete_=True, **_base_.optim)
param_scheduler = [_base_.cosine]
default_hooks = dict(_base_.swap_hooks)
default_hooks['checkpoint'].update(save_best=None)
load_from = 'work_dirs/mask2former-seg_r101_ade20k_100-50_base/iter_160000.pth'
