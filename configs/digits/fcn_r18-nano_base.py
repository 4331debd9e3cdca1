_base_ = [
    '../_base_/models/fcn_r18-nano.py',
    '../_base_/datasets/digits_semantic.py',
    '../_base_/schedules/nano_iters.py', '../_base_/runtimes/mmseg.py'
]
train_dataloader = dict(
    batch_size=16, dataset=dict(pipeline=_base_.crop_pipeline))
optim_wrapper = dict(optimizer=dict(lr=2e-3))
