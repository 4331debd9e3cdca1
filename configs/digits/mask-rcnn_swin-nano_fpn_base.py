_base_ = [
    '../_base_/models/mask-rcnn_swin-nano_fpn.py',
    '../_base_/datasets/digits.py',
    '../_base_/schedules/nano_iters.py', '../_base_/runtimes/mmdet.py'
]
