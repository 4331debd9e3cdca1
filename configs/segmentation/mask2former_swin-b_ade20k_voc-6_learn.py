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
new = dict(data, ann_file='ImageSets/Segmentation/train.txt')
new_val = dict(data, ann_file='ImageSets/Segmentation/val.txt')

train_dataloader = dict(
    dataset=dict(
        classes=classes, new=dict(new, pipeline=_base_.train_steps)))
subset = dict(type='mmswap.ClassSubset', classes=classes)
new_val.update(test_mode=True, pipeline=_base_.test_steps)
val_sets = [
    dict(subset, keep=['retain', 'forget'], dataset=_base_.val_set),
    dict(subset, keep='learn', dataset=new_val)
]
val_dataloader = dict(dataset=dict(datasets=val_sets))
test_dataloader = val_dataloader
