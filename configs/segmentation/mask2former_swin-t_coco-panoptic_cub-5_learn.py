_base_ = [
    'mmdet::mask2former/'
    'mask2former_swin-t-p4-w7-224_8xb2-lsj-50e_coco-panoptic.py',
    '../_base_/classes/coco_stuff.py', '../_base_/swap/coco_cub-5.py'
]
# Two stuff classes are forgotten with the things.
classes = dict(
    base=_base_.base_classes + _base_.stuff_classes,
    learn=_base_.classes.learn,
    forget=_base_.forget_classes + ('curtain', 'snow'),
    stuff=_base_.stuff_classes)
model = dict(
    _delete_=True,
    type='mmswap.SwapModel',
    model=_base_.model,
    classes=classes,
    adapter=_base_.adapter,
    objective=_base_.objective)

# mmdet's loader needs panopticapi.
panoptic_loader = 'mmswap.LoadPanopticAnnotations'
train_set = _base_.train_dataloader.dataset
train_set['pipeline'][1]['type'] = panoptic_loader
test_pipeline = _base_.test_pipeline
test_pipeline[2]['type'] = panoptic_loader
test_pipeline[-1]['meta_keys'] += ('segments_info', 'seg_map_path')

# The birds are segments and what is around them is void.
cub = dict(
    type='CocoPanopticDataset',
    data_root='data/CUB_200_2011/',
    metainfo=dict(classes='data/CUB_200_2011/mmswap/classes.txt'))
retain_set = dict(
    type='mmswap.ClassSubset',
    dataset=train_set,
    classes=classes,
    keep='retain')
learn_set = dict(
    type='mmswap.ClassSubset',
    dataset=dict(
        **cub,
        ann_file='mmswap/panoptic_train.json',
        data_prefix=dict(img='', seg='mmswap/panoptic_train/'),
        pipeline=train_set['pipeline']),
    classes=classes,
    keep='learn')
train_dataloader = dict(
    _delete_=True,
    **_base_.loader,
    dataset=dict(
        type='mmswap.SwapDataset',
        branches=dict(retain=retain_set, learn=learn_set)))

# The images of each data set stand for its own splits.
val_base_set = dict(
    type='mmswap.ClassSubset',
    dataset=_base_.val_dataloader.dataset,
    classes=classes,
    keep=['retain', 'forget'])
val_base_set['dataset']['pipeline'] = test_pipeline
val_learn_set = dict(
    type='mmswap.ClassSubset',
    dataset=dict(
        **cub,
        ann_file='mmswap/panoptic_val.json',
        data_prefix=dict(img='', seg='mmswap/panoptic_val/'),
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
metric = dict(type='mmswap.PanopticMetric')
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
load_from = ('checkpoints/mask2former_swin-t-p4-w7-224_8xb2-lsj-50e_'
             'coco-panoptic_20220326_224553-3ec9e0ae.pth')
