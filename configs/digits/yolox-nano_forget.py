# What `mmswap init` writes for it.
_base_ = './yolox-nano_learn.py'
model = dict(
    objective=dict(
        _delete_=True, type='mmswap.ClassForgetObjective', hold_weight=1.0))
train_dataloader = dict(
    dataset=dict(phase='forget', forgotten='background'),
    sampler=dict(retain=3, target=1))
load_from = 'work_dirs/yolox-nano_learn/iter_2000.pth'
