# The pairs' birds for panoptic models: the birds are segments and what is
# around them is void. Two stuff classes are forgotten with the things.
_base_ = ['./pairs.py', '../classes/coco_stuff.py']
classes = dict(
    base=_base_.base_classes + _base_.stuff_classes,
    forget=_base_.forget_classes + ('curtain', 'snow'),
    stuff=_base_.stuff_classes)
new = dict(
    ann_file='mmswap/panoptic_train.json',
    data_prefix=dict(seg='mmswap/panoptic_train/'))
new_val = dict(
    ann_file='mmswap/panoptic_val.json',
    data_prefix=dict(seg='mmswap/panoptic_val/'))
