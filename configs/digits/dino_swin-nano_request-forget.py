# A request to forget; the plan of requests says which classes.
_base_ = './dino_swin-nano_forget.py'

# Groups that a request does not need become zero. The fewer it moves, the more
# of an earlier request comes back when that is undone.
optim_wrapper = dict(group_sparse=dict(alpha=15., mode='proximal'))

# Images of what earlier requests forgot would show it as background again, and
# keep it from coming back when its request is undone.
train_dataloader = dict(
    dataset=dict(subset=dict(retain=dict(without='forgotten_before'))))

# One class is less to forget than the two of the swap.
train_cfg = dict(max_iters=200, val_interval=200)
param_scheduler = [dict(_base_.param_scheduler[0], end=200)]
load_from = 'work_dirs/dino_swin-nano_base/iter_2000.pth'
