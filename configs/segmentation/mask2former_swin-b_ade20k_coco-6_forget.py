_base_ = './mask2former_swin-b_ade20k_coco-6_learn.py'

# Constants of the published code.
model = dict(
    objective=dict(
        _delete_=True,
        type='mmswap.ForgetObjective',
        bound=115.,
        weight=0.2))
# What was learned is retained from here on.
train_dataloader = dict(dataset=dict(phase='forget'))
load_from = 'work_dirs/mask2former_swin-b_ade20k_coco-6_learn/iter_3500.pth'
