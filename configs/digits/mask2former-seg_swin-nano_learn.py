_base_ = './mask2former-seg_swin-nano_base.py'
custom_imports = dict(imports=['mmdet.models', 'mmswap'])

classes = dict(
    base=_base_.base_meta['classes'],
    learn=('eight', 'nine'),
    forget=('three', 'five'))
model = dict(
    _delete_=True,
    type='mmswap.SwapModel',
    model=_base_.model,
    classes=classes,
    adapter=dict(
        rank=16,
        alpha=16,
        targets=[
            'ffn', 'attention',
            r'decode_head\.pixel_decoder\.(input|lateral|output)_convs\..*',
            r'decode_head\.pixel_decoder\.mask_feature',
            r'decode_head\.mask_embed\.\d'
        ]),
    objective=dict(
        type='mmswap.LearnObjective', retain_weight=1.0, weight=0.9))

# Old images for the classes to retain, new images for those to learn. There
# the background is shown too: a segment that is in the image and not in its
# labels counts as none. What is to be forgotten later is retained until then,
# or it would be taken for what is learned.
old_set = dict(
    type='mmswap.ClassSubset',
    dataset=_base_.train_dataloader.dataset,
    classes=classes,
    keep=['retain', 'forget'])
new_set = dict(
    type='mmswap.ClassSubset',
    dataset=dict(
        type='BaseSegDataset',
        data_root=_base_.data_root,
        img_suffix='.png',
        data_prefix=dict(
            img_path='images/learn', seg_map_path='semantic_bg/learn'),
        metainfo=_base_.all_meta,
        pipeline=_base_.train_pipeline),
    classes=classes,
    keep=['retain', 'learn'])
# Images that show both; new ones four times, as there are fewer of them. To
# the queries of the old classes, images of new classes alone say nothing of
# where they end.
loading = _base_.train_pipeline[:-1]
old_loaded = dict(old_set, dataset=dict(old_set['dataset'], pipeline=loading))
new_loaded = dict(new_set, dataset=dict(new_set['dataset'], pipeline=loading))
mixed_set = dict(
    type='MultiImageMixDataset',
    dataset=dict(
        type='ConcatDataset',
        datasets=[old_loaded] + 4 * [new_loaded],
        ignore_keys=['palette']),
    pipeline=[dict(type='mmswap.PasteSegments'), _base_.train_pipeline[-1]])
train_dataloader = dict(
    _delete_=True,
    batch_size=10,
    num_workers=1,
    persistent_workers=True,
    sampler=dict(
        type='mmswap.SwapSampler', branch_sizes=dict(retain=3, learn=7)),
    collate_fn=dict(type='mmswap.swap_collate'),
    dataset=dict(
        type='mmswap.SwapDataset',
        branches=dict(retain=old_set, learn=[mixed_set] + 3 * [new_set])))

# Every split is scored on its own images; `all` is the stock figure.
val_dataloader = dict(dataset=dict(metainfo=_base_.all_meta))
test_dataloader = val_dataloader
metric = dict(type='IoUMetric', iou_metrics=['mIoU'])
val_evaluator = dict(
    _delete_=True,
    type='mmswap.SwapEvaluator',
    classes=classes,
    metrics=dict(retain=metric, forget=metric, learn=metric, all=metric))
test_evaluator = val_evaluator

max_iters = 800
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
optim_wrapper = dict(
    constructor='mmswap.SwapOptimWrapperConstructor',
    group_sparse=dict(alpha=0.01, mode='penalty'),
    optimizer=dict(lr=5e-3))
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        eta_min=1e-5,
        by_epoch=False,
        begin=0,
        end=max_iters)
]
default_hooks = dict(
    swap=dict(type='mmswap.SwapHook'),
    checkpoint=dict(interval=max_iters))
custom_hooks = [dict(type='mmswap.SwapLogHook'),
                dict(type='mmswap.AdapterHook')]
load_from = 'work_dirs/mask2former-seg_swin-nano_base/iter_2000.pth'
