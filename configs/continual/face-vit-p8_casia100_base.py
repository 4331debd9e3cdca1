# A face transformer on a hundred identities of CASIA-WebFace, of which some
# are to be forgotten later. The schedule is ours.
_base_ = [
    'mmpretrain::_base_/default_runtime.py', '../_base_/swap/face-vit-p8.py',
    '../_base_/swap/casia100.py'
]
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=100, val_interval=10)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=3e-4, weight_decay=0.05))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=True, begin=0, end=5),
    dict(type='CosineAnnealingLR', by_epoch=True, begin=5, end=100)
]
