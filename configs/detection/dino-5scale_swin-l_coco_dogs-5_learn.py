_base_ = '../_base_/swap/dino-5scale_swin-l_coco.py'

# Breeds of Stanford Dogs to learn. The published code does not contain them:
# these are examples, the first five by id.
classes = dict(
    base=_base_.base_classes,
    learn=('Chihuahua', 'Japanese_spaniel', 'Maltese_dog', 'Pekinese',
           'Shih-Tzu'),
    forget=_base_.forget_classes)
model = dict(classes=classes)

data = dict(
    type='CocoDataset',
    data_root='data/stanford_dogs/',
    data_prefix=dict(img=''),
    metainfo=dict(classes=classes['learn']))
retain_set = dict(**_base_.retain_set, classes=classes)
learn_set = dict(
    type='mmswap.ClassSubset',
    dataset=dict(
        **data, ann_file='mmswap/train.json', pipeline=_base_.train_pipeline),
    classes=classes,
    keep='learn')
train_dataloader = dict(
    dataset=dict(branches=dict(retain=retain_set, learn=learn_set)))

val_learn_set = dict(
    type='mmswap.ClassSubset',
    dataset=dict(
        **data,
        ann_file='mmswap/val.json',
        test_mode=True,
        pipeline=_base_.test_pipeline),
    classes=classes,
    keep='learn')
val_dataloader = dict(
    dataset=dict(datasets=[
        dict(**_base_.val_base_set, classes=classes), val_learn_set
    ]))
test_dataloader = val_dataloader
