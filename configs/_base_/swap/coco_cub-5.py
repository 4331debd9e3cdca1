# COCO's classes, and five birds of CUB-200-2011 to learn: those that the
# published table of label names has behind COCO's.
_base_ = '../classes/coco.py'
classes = dict(
    base=_base_.base_classes,
    learn=('Black_footed_Albatross', 'Laysan_Albatross', 'Sooty_Albatross',
           'Groove_billed_Ani', 'Brewer_Blackbird'),
    forget=_base_.forget_classes)
# What differs from COCO's data sets.
new = dict(
    data_root='data/CUB_200_2011/',
    data_prefix=dict(img=''),
    ann_file='mmswap/train.json')
new_val = dict(new, ann_file='mmswap/val.json')
