_base_ = '../_base_/swap/mask2former_swin-b_ade20k.py'

# The published six classes of COCO. The maps come from mmseg's converter
# coco_stuff164k.py.
classes = dict(
    base=_base_.base_classes,
    learn=('sheep', 'cow', 'elephant', 'bear', 'zebra', 'giraffe'),
    forget=_base_.forget_classes)
model = dict(classes=classes)

data = dict(
    type='COCOStuffDataset', data_root='data/coco_stuff164k')
retain_set = dict(**_base_.retain_set, classes=classes)
learn_set = dict(
    type='mmswap.ClassSubset',
    dataset=dict(
        **data,
        data_prefix=dict(
            img_path='images/train2017', seg_map_path='annotations/train2017'),
        pipeline=_base_.train_pipeline),
    classes=classes,
    keep='learn')
train_dataloader = dict(
    dataset=dict(branches=dict(retain=retain_set, learn=learn_set)))

val_learn_set = dict(
    type='mmswap.ClassSubset',
    dataset=dict(
        **data,
        data_prefix=dict(
            img_path='images/val2017', seg_map_path='annotations/val2017'),
        test_mode=True,
        pipeline=_base_.test_pipeline),
    classes=classes,
    keep='learn')
val_dataloader = dict(
    dataset=dict(datasets=[
        dict(**_base_.val_base_set, classes=classes), val_learn_set
    ]))
test_dataloader = val_dataloader
