# Forgetting before anything was learned: only old classes are retained.
_base_ = './dino-4scale_swin-l_coco_cub-5_forget.py'
train_dataloader = dict(dataset=dict(phase='forget_first'))
load_from = 'checkpoints/dino-4scale_swin-l_coco.pth'
