# A request to forget; the plan of requests says which classes.
_base_ = './vit-nano_forget.py'

# Groups that a request does not need become zero. The fewer it moves, the more
# of an earlier request comes back when that is undone.
model = dict(objective=dict(weight=0.3))
optim_wrapper = dict(group_sparse=dict(alpha=10., mode='proximal'))
load_from = 'work_dirs/vit-nano_base/iter_6000.pth'
