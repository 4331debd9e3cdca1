_base_ = '../_base_/swap/vit-b16_imagenet100.py'

# Breeds of the Oxford-IIIT pets to learn. The published code does not contain
# them: these are examples, the first ten by id.
classes = dict(
    base=_base_.base_classes,
    learn=(
        'Abyssinian', 'american_bulldog', 'american_pit_bull_terrier',
        'basset_hound', 'beagle', 'Bengal', 'Birman', 'Bombay', 'boxer',
        'British_Shorthair'),
    forget=_base_.forget_classes)
model = dict(classes=classes)

data = dict(
    type='CustomDataset',
    data_root='data/oxford_pets',
    metainfo=dict(classes='data/oxford_pets/mmswap/classes.txt'))
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
