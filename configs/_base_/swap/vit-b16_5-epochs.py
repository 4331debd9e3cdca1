# The schedule of classification in Knowledge Swapping, as published.
_base_ = './vit-b16.py'
# 5 epochs over the 95 * 130 images to retain, 80 at a time.
epoch = 155
train_cfg = dict(
    _delete_=True,
    type='IterBasedTrainLoop',
    max_iters=5 * epoch,
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
        end=5 * epoch)
]
auto_scale_lr = dict(base_batch_size=160)
default_hooks = dict(checkpoint=dict(interval=5 * epoch))
