_base_ = [
    './dino-5scale_swin-l_coco_cub-5_learn.py',
    '../_base_/swap/dino-4scale_swin-l.py'
]
model = dict(model=_base_.four_scales)
load_from = 'checkpoints/dino-4scale_swin-l_coco.pth'
