# The first 40 classes of COCO, on their images; class_incremental.py writes
# the json. The bound is mmdet's own config.
_base_ = [
    'mmdet::deformable_detr/deformable-detr_r50_16xb2-50e_coco.py',
    '../_base_/classes/coco.py'
]
names = _base_.base_classes[:40]
metainfo = dict(classes=names)
train_dataloader = dict(dataset=dict(
    ann_file='mmswap/40-40/base.json', metainfo=metainfo))
val_dataloader = dict(dataset=dict(metainfo=metainfo))
test_dataloader = val_dataloader
model = dict(bbox_head=dict(num_classes=40))
