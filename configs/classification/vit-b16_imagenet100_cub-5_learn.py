_base_ = '../_base_/swap/vit-b16_imagenet100.py'

# Classes of CUB-200-2011 to learn. The published code does not contain
# them: these are examples, the first five by id.
classes = dict(
    base=_base_.base_classes,
    learn=(
        'Black_footed_Albatross', 'Laysan_Albatross', 'Sooty_Albatross',
        'Groove_billed_Ani', 'Crested_Auklet'),
    forget=_base_.forget_classes)
model = dict(classes=classes)

data = dict(
    type='CustomDataset',
    data_root='data/CUB_200_2011',
    metainfo=dict(classes='data/CUB_200_2011/mmswap/classes.txt'))
retain_set = dict(**_base_.retain_set, classes=classes)
learn_set = dict(
    type='mmswap.ClassSubset',
    dataset=dict(
        **data, ann_file='mmswap/train.txt', pipeline=_base_.train_pipeline),
    classes=classes,
    keep='learn')
train_dataloader = dict(
    dataset=dict(branches=dict(retain=retain_set, learn=learn_set)))

val_learn_set = dict(
    type='mmswap.ClassSubset',
    dataset=dict(
        **data,
        ann_file='mmswap/val.txt',
        test_mode=True,
        pipeline=_base_.test_pipeline),
    classes=classes,
    keep='learn')
val_dataloader = dict(
    dataset=dict(datasets=[
        dict(**_base_.val_base_set, classes=classes), val_learn_set
    ]))
test_dataloader = val_dataloader
