# A request to forget; the plan of requests says which classes.
_base_ = './mask2former_swin-nano_forget.py'

# With the whole loss driven up, masks and what is no object too, a class comes
# back with later requests, or does not when its own is undone.
model = dict(
    objective=dict(
        _delete_=True,
        type='mmswap.ClassForgetObjective',
        bound=14.,
        weight=0.5))
# Groups that a request does not need become zero. The fewer it moves, the more
# of an earlier request comes back when that is undone.
optim_wrapper = dict(group_sparse=dict(alpha=10., mode='proximal'))

# What earlier requests learned is there to be retained, or to be forgotten.
learned_set = dict(_base_.learn_set, keep='retain', allow_empty=True)
train_dataloader = dict(
    dataset=dict(
        branches=dict(
            _delete_=True,
            retain=[_base_.retain_set] + 4 * [learned_set],
            forget=[
                dict(_base_.forget_set, allow_empty=True),
                dict(learned_set, keep='forget')
            ])))

# All images, labelled with the classes of the table.
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmswap.ClassSubset',
        dataset=_base_.val_dataloader.dataset,
        classes=_base_.classes,
        keep='all'))
test_dataloader = val_dataloader
val_evaluator = dict(
    metrics=dict(forgotten_before=_base_.metric, missing=_base_.metric))
test_evaluator = val_evaluator
load_from = '{{ fileDirname }}/mask2former_swin-nano_base.safetensors'
