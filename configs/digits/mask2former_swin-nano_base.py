_base_ = [
    '../_base_/models/mask2former_swin-nano.py',
    '../_base_/datasets/digits.py',
    '../_base_/schedules/nano_iters.py', '../_base_/runtimes/mmdet.py'
]
