_base_ = './mask2former_swin-nano_forget.py'

# A forgotten object is to have no name at all, rather than another: it is
# shown without its label, and its class alone is driven away, to no object.
model = dict(objective=dict(_delete_=True, type='mmswap.ClassForgetObjective'))
train_dataloader = dict(dataset=dict(forgotten='background'))
train_cfg = dict(max_iters=600, val_interval=600)
param_scheduler = [dict(_base_.param_scheduler[0], end=600)]
load_from = 'work_dirs/mask2former_swin-nano_learn-retaining/iter_1000.pth'
