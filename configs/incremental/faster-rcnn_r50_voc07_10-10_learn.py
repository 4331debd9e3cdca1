_base_ = './faster-rcnn_r50_voc07_15-5_learn.py'
names = _base_.METAINFO.classes[:10]
classes = dict(base=names, learn=_base_.METAINFO.classes[10:])
model = dict(
    classes=classes,
    model=dict(roi_head=dict(bbox_head=dict(num_classes=10))))
train_dataloader = dict(
    dataset=dict(
        classes=classes,
        new=dict(
            ann_file='mmswap/10-10/learn_all.json',
            metainfo=dict(classes=names))))
val_dataloader = dict(
    dataset=dict(
        classes=classes, dataset=dict(metainfo=dict(classes=names))))
test_dataloader = val_dataloader
load_from = 'work_dirs/faster-rcnn_r50_voc07_10-10_base/epoch_4.pth'
