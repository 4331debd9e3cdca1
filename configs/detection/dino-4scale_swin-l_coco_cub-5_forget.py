_base_ = './dino-4scale_swin-l_coco_cub-5_learn.py'

# Constants of the published code.
model = dict(
    objective=dict(
        _delete_=True,
        type='mmswap.ForgetObjective',
        bound=15.,
        weight=0.2))

# What was learned is retained from here on.
forget_set = dict(
    type='mmswap.ClassSubset',
    dataset=_base_.retain_set.dataset,
    classes=_base_.classes,
    keep='forget')
train_dataloader = dict(
    sampler=dict(branch_sizes=dict(_delete_=True, retain=2, forget=2)),
    dataset=dict(
        branches=dict(
            _delete_=True,
            retain=[_base_.retain_set, _base_.learn_set],
            forget=forget_set)))
load_from = 'work_dirs/dino-4scale_swin-l_coco_cub-5_learn/iter_586320.pth'
