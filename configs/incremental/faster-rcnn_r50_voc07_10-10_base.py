# The first 10 classes of VOC 2007, on their images; class_incremental.py
# writes the json.
_base_ = './faster-rcnn_r50_voc07_joint.py'
names = _base_.METAINFO.classes[:10]
metainfo = dict(classes=names)
train_dataloader = dict(dataset=dict(dataset=dict(
    ann_file='mmswap/10-10/base.json', metainfo=metainfo)))
val_dataloader = dict(dataset=dict(metainfo=metainfo))
test_dataloader = val_dataloader
model = dict(roi_head=dict(bbox_head=dict(num_classes=10)))
