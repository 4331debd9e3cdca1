_base_ = './vit-nano_learn.py'

model = dict(
    objective=dict(
        _delete_=True, type='mmswap.ForgetObjective', bound=4., weight=0.1))
train_dataloader = dict(
    sampler=dict(retain=21, target=3), dataset=dict(phase='forget'))
train_cfg = dict(max_iters=200, val_interval=200)
param_scheduler = [dict(_base_.param_scheduler[0], end=200)]
optim_wrapper = dict(optimizer=dict(lr=5e-3))
load_from = 'work_dirs/vit-nano_learn/iter_300.pth'
