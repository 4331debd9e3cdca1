_base_ = './vit-b16_imagenet100_plantvillage-5_learn.py'

# Constants of the published code.
model = dict(
    objective=dict(
        _delete_=True,
        type='mmswap.ForgetObjective',
        bound=105.,
        weight=0.2))
# What was learned is retained from here on.
train_dataloader = dict(dataset=dict(phase='forget'))
load_from = 'work_dirs/vit-b16_imagenet100_plantvillage-5_learn/iter_775.pth'
