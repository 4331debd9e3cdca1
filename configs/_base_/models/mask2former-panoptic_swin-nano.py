# The same for panoptic segments: the background is a class, of stuff.
_base_ = './mask2former_swin-nano.py'

num_stuff_classes = 1
model = dict(
    data_preprocessor=dict(pad_seg=True, seg_pad_value=255),
    panoptic_head=dict(
        num_stuff_classes=num_stuff_classes,
        loss_cls=dict(class_weight=[1.0] * 9 + [0.1])),
    panoptic_fusion_head=dict(num_stuff_classes=num_stuff_classes),
    test_cfg=dict(panoptic_on=True, instance_on=False))
