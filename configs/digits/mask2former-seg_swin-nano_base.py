_base_ = [
    '../_base_/models/mask2former-seg_swin-nano.py',
    '../_base_/datasets/digits_semantic.py',
    '../_base_/schedules/nano_iters.py', '../_base_/runtimes/mmseg.py'
]
# From the shipped detector: tools/model_converters/add_background.py writes
# its weights there.
load_from = 'work_dirs/mask2former-seg_swin-nano_start.pth'
