_base_ = './deformable-detr_r50_coco_40-40_learn.py'
names = _base_.base_classes[:70]
classes = dict(base=names, learn=_base_.base_classes[70:])
model = dict(classes=classes, model=dict(bbox_head=dict(num_classes=70)))
train_dataloader = dict(
    dataset=dict(
        classes=classes,
        new=dict(
            ann_file='mmswap/70-10/learn_all.json',
            metainfo=dict(classes=names))))
val_dataloader = dict(
    dataset=dict(
        classes=classes, dataset=dict(metainfo=dict(classes=names))))
test_dataloader = val_dataloader
load_from = 'work_dirs/deformable-detr_r50_coco_70-10_base/epoch_50.pth'
