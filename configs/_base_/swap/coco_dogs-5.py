# COCO's classes, and breeds of Stanford Dogs to learn. The published code does
# not contain them: these are examples, the first five by id.
_base_ = '../classes/coco.py'
classes = dict(
    base=_base_.base_classes,
    learn=('Chihuahua', 'Japanese_spaniel', 'Maltese_dog', 'Pekinese',
           'Shih-Tzu'),
    forget=_base_.forget_classes)
# What differs from COCO's data sets.
new = dict(
    data_root='data/stanford_dogs/',
    data_prefix=dict(img=''),
    ann_file='mmswap/train.json')
new_val = dict(new, ann_file='mmswap/val.json')
