_base_ = './mask-rcnn_swin-t_fpn_coco_cub-5_learn.py'
model = dict(objective=dict(_delete_=True, type='mmswap.ForgetObjective'))
# What was learned is retained from here on.
train_dataloader = dict(dataset=dict(phase='forget'))
load_from = 'work_dirs/mask-rcnn_swin-t_fpn_coco_cub-5_learn/iter_4000.pth'
