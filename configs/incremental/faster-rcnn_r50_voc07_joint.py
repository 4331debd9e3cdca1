# Faster R-CNN R50 on PASCAL VOC 2007, all 20 classes at once: what the steps
# are held against. voc_to_coco.py writes the jsons.
_base_ = 'mmdet::pascal_voc/faster-rcnn_r50_fpn_1x_voc0712-cocofmt.py'
data_root = 'data/VOCdevkit/VOC2007/'
train_dataloader = dict(dataset=dict(dataset=dict(
    data_root=data_root, ann_file='mmswap/trainval.json')))
val_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file='mmswap/test.json'))
test_dataloader = val_dataloader
# As a whole: mmdet's has arguments of VOCMetric left over.
val_evaluator = dict(
    _delete_=True,
    type='CocoMetric',
    metric='bbox',
    ann_file=data_root + 'mmswap/test.json')
test_evaluator = val_evaluator
