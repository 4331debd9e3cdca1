# Mask2Former R50 on panoptic ADE20K, all 150 classes at once: what the step
# is held against. The schedule is the published one of Mask2Former.
_base_ = [
    'mmdet::mask2former/mask2former_r50_8xb2-lsj-50e_coco-panoptic.py',
    '../_base_/incremental/ade20k_panoptic.py'
]
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)
padding = dict(_base_.batch_augments[0], size=(640, 640))
parts = dict(num_things_classes=100, num_stuff_classes=50)
model = dict(
    data_preprocessor=dict(batch_augments=[padding]),
    panoptic_head=dict(
        loss_cls=dict(class_weight=[1.0] * 150 + [0.1]), **parts),
    panoptic_fusion_head=parts,
    test_cfg=dict(instance_on=False))

train_dataloader = dict(dataset=dict(_delete_=True, **_base_.train_set))
val_dataloader = dict(dataset=dict(_delete_=True, **_base_.val_set))
test_dataloader = val_dataloader
val_evaluator = dict(_delete_=True, type='mmswap.PanopticMetric')
test_evaluator = val_evaluator

max_iters = 160000
train_cfg = dict(max_iters=max_iters, dynamic_intervals=None)
param_scheduler = dict(
    _delete_=True,
    type='PolyLR',
    eta_min=0,
    power=0.9,
    begin=0,
    end=max_iters,
    by_epoch=False)
