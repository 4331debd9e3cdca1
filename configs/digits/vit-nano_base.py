_base_ = [
    '../_base_/models/vit-nano.py', '../_base_/datasets/digits_single.py',
    '../_base_/schedules/nano_iters.py', '../_base_/runtimes/mmpretrain.py'
]
