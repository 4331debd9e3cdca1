_base_ = '../_base_/swap/dino-5scale_swin-l_coco.py'

# Classes of CUB-200-2011 to learn: those that the published table of label
# names has behind COCO's.
classes = dict(
    base=_base_.base_classes,
    learn=('Black_footed_Albatross', 'Laysan_Albatross', 'Sooty_Albatross',
           'Groove_billed_Ani', 'Brewer_Blackbird'),
    forget=_base_.forget_classes)
model = dict(classes=classes)

data = dict(
    type='CocoDataset',
    data_root='data/CUB_200_2011/',
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
