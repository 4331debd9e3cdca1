# Forgetting before anything was learned: only old classes are retained.
_base_ = './vit-nano_forget.py'

train_dataloader = dict(dataset=dict(phase='forget_first'))
load_from = 'work_dirs/vit-nano_base/iter_6000.pth'
