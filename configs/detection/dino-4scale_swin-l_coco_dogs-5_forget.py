_base_ = './dino-4scale_swin-l_coco_dogs-5_learn.py'

# Constants of the published code.
model = dict(
    objective=dict(
        _delete_=True,
        type='mmswap.ForgetObjective',
        bound=15.,
        weight=0.2))
# What was learned is retained from here on.
train_dataloader = dict(dataset=dict(phase='forget'))
load_from = 'work_dirs/dino-4scale_swin-l_coco_dogs-5_learn/iter_586320.pth'
