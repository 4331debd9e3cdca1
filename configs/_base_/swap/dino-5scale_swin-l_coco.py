# Detection of Knowledge Swapping with the DINO Swin-L that mmdet has weights
# of, which has 5 scales; the published one has 4 (dino-4scale_swin-l_coco.py).
# Configs that inherit add the class table and the data to learn from.
# Constants are those of the published code unless a comment says otherwise.
_base_ = [
    'mmdet::dino/dino-5scale_swin-l_8xb2-12e_coco.py', '../classes/coco.py'
]
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)

# All 36 FFNs get LoRA and are groups; the published code leaves the 6 of the
# decoder out of the group-sparse term. mmdet runs a checkpointed Swin block
# plainly where its input needs no gradient, so that LoRA in it learns.
model = dict(
    _delete_=True,
    type='mmswap.SwapModel',
    model=_base_.model,
    adapter=dict(rank=8, alpha=1, targets='ffn'),
    objective=dict(
        type='mmswap.LearnObjective', retain_weight=1.0, weight=0.9))

retain_set = dict(
    type='mmswap.ClassSubset',
    dataset=_base_.train_dataloader.dataset,
    keep='retain')
# 2 GPUs of 2 images a branch.
train_dataloader = dict(
    _delete_=True,
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(
        type='mmswap.SwapSampler', branch_sizes=dict(retain=2, learn=2)),
    collate_fn=dict(type='mmswap.swap_collate'),
    dataset=dict(type='mmswap.SwapDataset', branches=dict(retain=retain_set)))

# The images of each data set stand for its own splits. Not `all` of both at
# once: the image ids of one occur in the other.
test_pipeline = _base_.test_pipeline
test_pipeline[-1]['meta_keys'] += ('instances', )
val_base_set = dict(
    type='mmswap.ClassSubset',
    dataset=_base_.val_dataloader.dataset,
    keep=['retain', 'forget'])
val_base_set['dataset']['pipeline'] = test_pipeline
val_dataloader = dict(
    dataset=dict(
        _delete_=True, type='mmengine.ConcatDataset', datasets=[val_base_set]))
test_dataloader = val_dataloader
metric = dict(type='CocoMetric', metric='bbox', classwise=True)
val_evaluator = dict(
    _delete_=True,
    type='mmswap.SwapEvaluator',
    images='split',
    metrics=dict(retain=metric, forget=metric, learn=metric))
test_evaluator = val_evaluator

# 20 epochs over the images to retain, 4 at a time: those of train2017 that
# have an object are 117,266, and a few of them have none to retain. The
# learning rate is constant, the backbone's too.
epoch = 29316
max_iters = 20 * epoch
train_cfg = dict(
    _delete_=True,
    type='IterBasedTrainLoop',
    max_iters=max_iters,
    val_interval=epoch)
optim_wrapper = dict(
    _delete_=True,
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=1e-4),
    clip_grad=dict(max_norm=0.1, norm_type=2),
    constructor='mmswap.SwapOptimWrapperConstructor',
    group_sparse=dict(alpha=0.01, mode='penalty'))
param_scheduler = []
auto_scale_lr = dict(base_batch_size=8)
default_hooks = dict(
    swap=dict(type='mmswap.SwapHook'),
    checkpoint=dict(by_epoch=False, interval=epoch, max_keep_ckpts=2))
log_processor = dict(by_epoch=False)
custom_hooks = [dict(type='mmswap.SwapLogHook'),
                dict(type='mmswap.AdapterHook')]
load_from = ('checkpoints/dino-5scale_swin-l_8xb2-12e_coco_'
             '20230228_072924-a654145f.pth')
