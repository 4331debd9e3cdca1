_base_ = './mask2former_swin-b_ade20k_pets-6_learn.py'

# Constants of the published code.
model = dict(
    objective=dict(
        _delete_=True,
        type='mmswap.ForgetObjective',
        bound=115.,
        weight=0.2))

# What was learned is retained from here on, image by image: the sampling
# weights that the published code declares have no effect.
forget_set = dict(
    type='mmswap.ClassSubset',
    dataset=_base_.retain_set.dataset,
    classes=_base_.classes,
    keep='forget')
train_dataloader = dict(
    sampler=dict(branch_sizes=dict(_delete_=True, retain=3, forget=3)),
    dataset=dict(
        branches=dict(
            _delete_=True,
            retain=[_base_.retain_set, _base_.learn_set],
            forget=forget_set)))
load_from = 'work_dirs/mask2former_swin-b_ade20k_pets-6_learn/iter_3500.pth'
