# A request to forget; the plan of requests says which classes.
_base_ = './mask2former_swin-nano_forget.py'

# With the whole loss driven up, masks and what is no object too, a class comes
# back with later requests, or does not when its own is undone.
model = dict(
    objective=dict(
        _delete_=True,
        type='mmswap.ClassForgetObjective',
        bound=14.,
        weight=0.5,
        no_object_weight=0.))
# Groups that a request does not need become zero. The fewer it moves, the more
# of an earlier request comes back when that is undone.
optim_wrapper = dict(group_sparse=dict(alpha=10., mode='proximal'))
load_from = '{{ fileDirname }}/mask2former_swin-nano_base.safetensors'
