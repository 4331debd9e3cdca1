_base_ = [
    '../_base_/models/mask2former-panoptic_swin-nano.py',
    '../_base_/datasets/digits_panoptic.py',
    '../_base_/schedules/nano_iters.py', '../_base_/runtimes/mmdet.py'
]
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)
# From the shipped detector: tools/model_converters/add_background.py writes
# its weights there.
load_from = 'work_dirs/mask2former-panoptic_swin-nano_start.pth'
