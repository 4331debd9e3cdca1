# The last 50 classes of ADE20K, on other images, in which only these are
# labelled; `mmswap pseudo-label` writes learn_all.json. No old image is used.
_base_ = [
    './mask2former-panoptic_r50_ade20k_100-50_base.py',
    '../_base_/schedules/coco_swap.py'
]
learn = _base_.things[64:] + _base_.stuff[36:]
classes = dict(base=_base_.names, learn=learn, stuff=_base_.stuff)
model = dict(
    _delete_=True,
    model=_base_.model,
    classes=classes,
    adapter=dict(targets=['ffn', 'conv']),
    **_base_.swap_model)

new = dict(
    _base_.train_set,
    ann_file='mmswap/100-50/learn_all.json',
    data_prefix=dict(img='images/training/', seg='mmswap/100-50/learn_all/'))
train_dataloader = dict(
    _delete_=True,
    dataset=dict(classes=classes, new=new, **_base_.swap_set),
    **_base_.loader)
val_dataloader = dict(dataset=dict(classes=dict(_delete_=True, **classes)))
val_evaluator = dict(
    _delete_=True, type='mmswap.SwapEvaluator', metrics=_base_.val_evaluator)
test_dataloader, test_evaluator = val_dataloader, val_evaluator

train_cfg = dict(_delete_=True, **_base_.loop)
optim_wrapper = dict(_delete_=True, **_base_.optim)
param_scheduler = [_base_.cosine]
default_hooks = _base_.swap_hooks
load_from = ('work_dirs/mask2former-panoptic_r50_ade20k_100-50_base/'
             'iter_160000.pth')
