# Forgetting before anything was learned: only old classes are retained.
_base_ = './dino-4scale_swin-l_coco_dogs-5_forget.py'

train_dataloader = dict(
    dataset=dict(branches=dict(retain=[_base_.retain_set])))
load_from = 'checkpoints/dino-4scale_swin-l_coco.pth'
