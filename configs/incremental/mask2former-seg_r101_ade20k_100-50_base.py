# The first 100 classes of ADE20K, on their images; class_incremental_maps.py
# writes the list. The bound is mmseg's own config.
_base_ = [
    __import__('mmswap').stock_config(
        'mmseg::mask2former/mask2former_r101_8xb2-160k_ade20k-512x512.py'),
    '../_base_/classes/ade20k.py'
]
names = _base_.base_classes[:100]
metainfo = dict(classes=names)
train_dataloader = dict(
    dataset=dict(ann_file='mmswap/100-50/base.txt', metainfo=metainfo))
val_dataloader = dict(dataset=dict(metainfo=metainfo))
test_dataloader = val_dataloader
model = dict(
    decode_head=dict(
        num_classes=100, loss_cls=dict(class_weight=[1.0] * 100 + [0.1])))
