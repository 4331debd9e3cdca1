_base_ = '../_base_/swap/mask2former_swin-b_ade20k.py'

# The published six classes of Pascal VOC. ADE20K has none of them by name, but
# an `animal`.
classes = dict(
    base=_base_.base_classes,
    learn=('bird', 'cat', 'cow', 'dog', 'horse', 'sheep'),
    forget=_base_.forget_classes)
model = dict(classes=classes)

data = dict(
    type='PascalVOCDataset',
    data_root='data/VOCdevkit/VOC2012',
    data_prefix=dict(
        img_path='JPEGImages', seg_map_path='SegmentationClass'))
retain_set = dict(**_base_.retain_set, classes=classes)
learn_set = dict(
    type='mmswap.ClassSubset',
    dataset=dict(
        **data,
        ann_file='ImageSets/Segmentation/train.txt',
        pipeline=_base_.train_pipeline),
    classes=classes,
    keep='learn')
train_dataloader = dict(
    dataset=dict(branches=dict(retain=retain_set, learn=learn_set)))

val_learn_set = dict(
    type='mmswap.ClassSubset',
    dataset=dict(
        **data,
        ann_file='ImageSets/Segmentation/val.txt',
        test_mode=True,
        pipeline=_base_.test_pipeline),
    classes=classes,
    keep='learn')
val_dataloader = dict(
    dataset=dict(datasets=[
        dict(**_base_.val_base_set, classes=classes), val_learn_set
    ]))
test_dataloader = val_dataloader
