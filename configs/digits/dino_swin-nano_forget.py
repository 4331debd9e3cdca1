_base_ = './dino_swin-nano_learn.py'

model = dict(
    objective=dict(
        _delete_=True, type='mmswap.ForgetObjective', bound=8.))
train_dataloader = dict(
    sampler=dict(retain=6, target=2), dataset=dict(phase='forget'))
optim_wrapper = dict(optimizer=dict(lr=2e-3))
load_from = 'work_dirs/dino_swin-nano_learn/iter_300.pth'
