_base_ = [
    'mmdet::deformable_detr/deformable-detr_r50_16xb2-50e_coco.py',
    '../_base_/swap/coco_cub-5.py'
]
classes = _base_.classes
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
    keep='retain')
learn_set = dict(
    type='mmswap.ClassSubset',
    dataset=dict(
        **_base_.cub,
        ann_file='mmswap/train.json',
        pipeline=_base_.train_dataloader.dataset.pipeline),
    classes=classes,
    keep='learn')
train_dataloader = dict(
    _delete_=True,
    **_base_.loader,
    dataset=dict(
        type='mmswap.SwapDataset',
        branches=dict(retain=retain_set, learn=learn_set)))

# The images of each data set stand for its own splits. Not `all` of both at
# once: the image ids of one occur in the other.
test_pipeline = _base_.test_pipeline
test_pipeline[-1]['meta_keys'] += ('instances', )
val_base_set = dict(
    type='mmswap.ClassSubset',
    dataset=_base_.val_dataloader.dataset,
    classes=classes,
    keep=['retain', 'forget'])
val_base_set['dataset']['pipeline'] = test_pipeline
val_learn_set = dict(
    type='mmswap.ClassSubset',
    dataset=dict(
        **_base_.cub,
        ann_file='mmswap/val.json',
        test_mode=True,
        pipeline=test_pipeline),
    classes=classes,
    keep='learn')
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmengine.ConcatDataset',
        datasets=[val_base_set, val_learn_set]))
test_dataloader = val_dataloader
metric = dict(type='CocoMetric', metric='bbox', classwise=True)
val_evaluator = dict(
    _delete_=True,
    type='mmswap.SwapEvaluator',
    images='split',
    metrics=dict(retain=metric, forget=metric, learn=metric))
test_evaluator = val_evaluator

train_cfg = dict(_delete_=True, **_base_.loop)
optim_wrapper = dict(_delete_=True, **_base_.optim)
param_scheduler = _base_.schedule
auto_scale_lr = dict(base_batch_size=4)
default_hooks = dict(
    swap=dict(type='mmswap.SwapHook'),
    checkpoint=dict(by_epoch=False, interval=_base_.num_iters))
log_processor = dict(by_epoch=False)
load_from = ('checkpoints/deformable-detr_r50_16xb2-50e_coco_'
             '20221029_210934-6bc7d21b.pth')
