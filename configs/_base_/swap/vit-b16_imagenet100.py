# Classification of Knowledge Swapping: ViT-B/16 on a hundred ImageNet classes.
# Configs that inherit add the class table and the data to learn from.
# Constants are those of the published code unless a comment says otherwise.
_base_ = [
    'mmpretrain::vision_transformer/vit-base-p16_32xb128-mae_in1k.py',
    '../classes/imagenet100.py'
]
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)

# Plain cross entropy and unmixed images: the bound of the forget phase is
# compared with it.
stock_model = _base_.model
stock_model.head.num_classes = 100
stock_model.head.loss = dict(type='CrossEntropyLoss', loss_weight=1.0)
stock_model.train_cfg = dict(augments=None)
data_preprocessor = dict(num_classes=100)
model = dict(
    _delete_=True,
    type='mmswap.SwapModel',
    model=stock_model,
    adapter=dict(rank=8, alpha=1, targets='ffn'),
    # The rows of the new classes are random and stay so: LoRA steers the
    # features to them.
    new_rows='frozen',
    new_rows_start='xavier',
    # In the classification code beta weighs the classes to retain.
    objective=dict(
        type='mmswap.LearnObjective', retain_weight=0.2, weight=1.0))

# Images are resized and nothing else.
train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='Resize',
        scale=(224, 224),
        backend='pillow',
        interpolation='bicubic'),
    dict(type='PackInputs')
]
test_pipeline = train_pipeline
imagenet = dict(
    type='CustomDataset',
    data_root='data/imagenet',
    metainfo=dict(classes='data/imagenet/mmswap/classes.txt'))
# 130 images are a tenth of most classes: published are a random tenth of the
# images to retain and to forget, and all of those to learn.
shots = 130
retain_set = dict(
    type='mmswap.ClassSubset',
    dataset=dict(
        **imagenet, ann_file='mmswap/train.txt', pipeline=train_pipeline),
    keep='retain',
    shots=shots)
train_dataloader = dict(
    _delete_=True,
    batch_size=160,
    num_workers=8,
    persistent_workers=True,
    sampler=dict(
        type='mmswap.SwapSampler', branch_sizes=dict(retain=80, learn=80)),
    collate_fn=dict(type='mmswap.swap_collate'),
    dataset=dict(type='mmswap.SwapDataset', branches=dict(retain=retain_set)))

# The images of each data set stand for its own splits.
val_base_set = dict(
    type='mmswap.ClassSubset',
    dataset=dict(
        **imagenet,
        ann_file='mmswap/val.txt',
        test_mode=True,
        pipeline=test_pipeline),
    keep=['retain', 'forget'])
val_dataloader = dict(
    batch_size=80,
    dataset=dict(
        _delete_=True, type='mmengine.ConcatDataset', datasets=[val_base_set]))
test_dataloader = val_dataloader
metric = dict(type='Accuracy', topk=(1, 5))
val_evaluator = dict(
    _delete_=True,
    type='mmswap.SwapEvaluator',
    images='split',
    metrics=dict(retain=metric, forget=metric, learn=metric))
test_evaluator = val_evaluator

# 5 epochs over the 95 * 130 images to retain, 80 at a time.
epoch = 155
max_iters = 5 * epoch
train_cfg = dict(
    _delete_=True,
    type='IterBasedTrainLoop',
    max_iters=max_iters,
    val_interval=epoch)
optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-2, weight_decay=0.05),
    constructor='mmswap.SwapOptimWrapperConstructor',
    group_sparse=dict(alpha=0.005, mode='penalty'))
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        eta_min=1e-5,
        by_epoch=False,
        begin=0,
        end=max_iters)
]
auto_scale_lr = dict(base_batch_size=160)
default_hooks = dict(
    swap=dict(type='mmswap.SwapHook'),
    logger=dict(interval=10),
    checkpoint=dict(by_epoch=False, interval=max_iters))
log_processor = dict(by_epoch=False)
custom_hooks = [dict(type='mmswap.SwapLogHook'),
                dict(type='mmswap.AdapterHook')]
# The stock checkpoint with its head cut to the hundred classes: see
# docs/experiments.md.
load_from = 'checkpoints/vit-base-p16_imagenet100.pth'
