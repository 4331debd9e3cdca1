# Forgetting before anything was learned: only old classes are retained.
_base_ = './fcn_r18-nano_forget.py'

train_dataloader = dict(
    sampler=dict(shares=dict(retain=(1, 1))),
    dataset=dict(
        branches=dict(retain=[_base_.retain_set, _base_.gone_set])))
load_from = 'work_dirs/fcn_r18-nano_base/iter_2000.pth'
