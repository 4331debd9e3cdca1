# Forgetting before anything was learned: only old classes are retained.
_base_ = './dino-5scale_swin-l_coco_cub-5_forget.py'
train_dataloader = dict(dataset=dict(phase='forget_first'))
load_from = ('checkpoints/dino-5scale_swin-l_8xb2-12e_coco_'
             '20230228_072924-a654145f.pth')
