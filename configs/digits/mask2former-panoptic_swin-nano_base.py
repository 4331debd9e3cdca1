_base_ = [
    '../_base_/models/mask2former_swin-nano.py',
    '../_base_/datasets/digits_panoptic.py', '../_base_/schedules/nano.py'
]
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)
num_stuff_classes = 1
model = dict(
    data_preprocessor=dict(pad_seg=True, seg_pad_value=255),
    panoptic_head=dict(
        num_stuff_classes=num_stuff_classes,
        loss_cls=dict(class_weight=[1.0] * 9 + [0.1])),
    panoptic_fusion_head=dict(num_stuff_classes=num_stuff_classes),
    test_cfg=dict(panoptic_on=True, instance_on=False))
# From the shipped detector: tools/model_converters/add_background.py writes
# its weights there.
load_from = 'work_dirs/mask2former-panoptic_swin-nano_start.pth'
