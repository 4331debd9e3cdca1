_base_ = '../_base_/swap/mask2former_swin-b_ade20k.py'

# All six classes of DeepGlobe land cover, published as urban, agriculture,
# rangeland, forest, water and barren. The names are the converter's: a class
# to learn must not be called as one of the base is, and ADE20K has a `water`.
classes = dict(
    base=_base_.base_classes,
    learn=('urban_land', 'agriculture_land', 'rangeland', 'forest_land',
           'satellite_water', 'barren_land'),
    forget=_base_.forget_classes)
model = dict(classes=classes)

data = dict(
    type='BaseSegDataset',
    data_root='data/deepglobe',
    img_suffix='_sat.jpg',
    data_prefix=dict(img_path='train', seg_map_path='mmswap/semantic'),
    metainfo=dict(classes='data/deepglobe/mmswap/classes.txt'))
retain_set = dict(**_base_.retain_set, classes=classes)
learn_set = dict(
    type='mmswap.ClassSubset',
    dataset=dict(
        **data,
        ann_file='mmswap/train.txt',
        pipeline=_base_.train_pipeline),
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
