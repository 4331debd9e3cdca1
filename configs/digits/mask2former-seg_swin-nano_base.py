_base_ = [
    '../_base_/models/mask2former-seg_swin-nano.py',
    '../_base_/datasets/digits_semantic.py',
    '../_base_/schedules/nano_iters.py', '../_base_/runtimes/mmseg.py'
]
