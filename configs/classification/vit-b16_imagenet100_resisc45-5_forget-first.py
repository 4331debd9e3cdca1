# Forgetting before anything was learned: only old classes are retained.
_base_ = './vit-b16_imagenet100_resisc45-5_forget.py'
train_dataloader = dict(dataset=dict(phase='forget_first'))
load_from = 'checkpoints/vit-base-p16_imagenet100.pth'
