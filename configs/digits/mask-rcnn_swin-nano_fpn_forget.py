_base_ = './mask-rcnn_swin-nano_fpn_learn.py'

model = dict(
    objective=dict(
        _delete_=True, type='mmswap.ForgetObjective', bound=5., weight=0.5))
train_dataloader = dict(
    sampler=dict(retain=5, target=3), dataset=dict(phase='forget'))
optim_wrapper = dict(optimizer=dict(lr=2e-3))
load_from = 'work_dirs/mask-rcnn_swin-nano_fpn_learn/iter_300.pth'
