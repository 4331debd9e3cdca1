_base_ = [
    '../_base_/models/mask2former-seg_swin-nano.py',
    '../_base_/datasets/digits_semantic.py',
    '../_base_/schedules/nano_iters.py', '../_base_/runtimes/mmseg.py'
]
# From the shipped detector: tools/model_converters/instances_to_semantic.py
# writes its weights there.
max_iters = 600
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
param_scheduler = [
    dict(
        type='CosineAnnealingLR',
        eta_min=1e-5,
        by_epoch=False,
        begin=0,
        end=max_iters)
]
optim_wrapper = dict(optimizer=dict(lr=5e-4))
load_from = 'work_dirs/mask2former-seg_swin-nano_start.pth'
