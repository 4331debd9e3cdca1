_base_ = [
    '../_base_/models/vit-nano.py', '../_base_/datasets/digits_single.py',
    '../_base_/schedules/nano_iters.py', '../_base_/runtimes/mmpretrain.py'
]
# After 2,000 steps it is still far from done.
max_iters = 6000
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
param_scheduler = [
    dict(
        type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=200),
    dict(
        type='CosineAnnealingLR',
        eta_min=1e-5,
        by_epoch=False,
        begin=200,
        end=max_iters)
]
