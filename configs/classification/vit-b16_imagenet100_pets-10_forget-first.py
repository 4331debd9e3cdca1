# Forgetting before anything was learned: only old classes are retained.
_base_ = './vit-b16_imagenet100_pets-10_forget.py'

train_dataloader = dict(
    dataset=dict(branches=dict(retain=[_base_.retain_set])))
load_from = 'checkpoints/vit-base-p16_imagenet100.pth'
