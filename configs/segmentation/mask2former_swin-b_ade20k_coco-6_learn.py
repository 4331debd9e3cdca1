_base_ = '../_base_/swap/mask2former_swin-b_ade20k.py'

# The published six classes of COCO. The maps come from mmseg's converter
# coco_stuff164k.py.
classes = dict(
    base=_base_.base_classes,
    learn=('sheep', 'cow', 'elephant', 'bear', 'zebra', 'giraffe'),
    forget=_base_.forget_classes)
model = dict(classes=classes)

data = dict(type='COCOStuffDataset', data_root='data/coco_stuff164k')
new = dict(
    data,
    data_prefix=dict(
        img_path='images/train2017', seg_map_path='annotations/train2017'))
new_val = dict(
    data,
    data_prefix=dict(
        img_path='images/val2017', seg_map_path='annotations/val2017'))

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
