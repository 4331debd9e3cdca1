_base_ = './dino_swin-nano_forget.py'

# A forgotten object is to have no name at all, rather than another: it is
# shown without its label, and its class alone is driven away, to no object.
model = dict(objective=dict(_delete_=True, type='mmswap.ClassForgetObjective'))
train_dataloader = dict(dataset=dict(forgotten='background'))
load_from = 'work_dirs/dino_swin-nano_learn-retaining/iter_600.pth'
