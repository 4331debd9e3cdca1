# Semantic segmentation of Knowledge Swapping: Mask2Former Swin-B on ADE20K.
# Configs that inherit add the class table and the data to learn from.
# Constants are those of the published code unless a comment says otherwise.
_base_ = [
    __import__('mmswap').stock_config(
        'mmseg::mask2former/mask2former_swin-b-in22k-384x384-pre_'
        '8xb2-160k_ade20k-640x640.py'), '../classes/ade20k.py'
]
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)

model = dict(
    _delete_=True,
    type='mmswap.SwapModel',
    model=_base_.model,
    adapter=dict(rank=8, alpha=1, targets='ffn'),
    objective=dict(
        type='mmswap.LearnObjective', retain_weight=1.0, weight=0.9))

# Without a reduce_zero_label of its own the loader takes the data set's, which
# is ADE20K's alone. Every data set is normalised as the base model is.
crop_size = (640, 640)
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations'),
    dict(
        type='RandomChoiceResize',
        scales=[64 * scale for scale in range(5, 21)],
        resize_type='ResizeShortestEdge',
        max_size=2560),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackSegInputs')
]
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(2560, 640), keep_ratio=True),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs')
]
ade20k = dict(type='ADE20KDataset', data_root=_base_.data_root)
retain_set = dict(
    type='mmswap.ClassSubset',
    dataset=dict(
        **ade20k,
        data_prefix=dict(
            img_path='images/training', seg_map_path='annotations/training'),
        pipeline=train_pipeline),
    keep='retain')
# 2 GPUs of 3 images a branch.
train_dataloader = dict(
    _delete_=True,
    batch_size=6,
    num_workers=6,
    persistent_workers=True,
    sampler=dict(
        type='mmswap.SwapSampler', branch_sizes=dict(retain=3, learn=3)),
    collate_fn=dict(type='mmswap.swap_collate'),
    dataset=dict(type='mmswap.SwapDataset', branches=dict(retain=retain_set)))

# The images of each data set stand for its own splits.
val_base_set = dict(
    type='mmswap.ClassSubset',
    dataset=dict(
        **ade20k,
        data_prefix=dict(
            img_path='images/validation',
            seg_map_path='annotations/validation'),
        test_mode=True,
        pipeline=test_pipeline),
    keep=['retain', 'forget'])
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmengine.ConcatDataset',
        datasets=[val_base_set],
        ignore_keys=['palette', 'reduce_zero_label']))
test_dataloader = val_dataloader
metric = dict(type='IoUMetric', iou_metrics=['mIoU'])
val_evaluator = dict(
    _delete_=True,
    type='mmswap.SwapEvaluator',
    images='split',
    metrics=dict(retain=metric, forget=metric, learn=metric))
test_evaluator = val_evaluator

# A constant learning rate, the backbone's too, and all 3,500 iterations: the
# published code goes on from the 3,000th.
max_iters = 3500
train_cfg = dict(max_iters=max_iters, val_interval=500)
optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=0.05),
    clip_grad=dict(max_norm=0.01, norm_type=2),
    constructor='mmswap.SwapOptimWrapperConstructor',
    group_sparse=dict(alpha=0.01, mode='penalty'))
param_scheduler = []
auto_scale_lr = dict(base_batch_size=12)
default_hooks = dict(
    swap=dict(type='mmswap.SwapHook'),
    checkpoint=dict(interval=max_iters, save_best=None))
custom_hooks = [dict(type='mmswap.SwapLogHook'),
                dict(type='mmswap.AdapterHook')]
load_from = ('checkpoints/mask2former_swin-b-in22k-384x384-pre_8xb2-160k_'
             'ade20k-640x640_20221203_235230-7ec0f569.pth')
