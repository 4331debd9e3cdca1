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
new = dict(data, ann_file='mmswap/train.txt')
new_val = dict(data, ann_file='mmswap/val.txt')

train_dataloader = dict(
    dataset=dict(
        classes=classes, new=dict(new, pipeline=_base_.train_steps)))
subset = dict(type='mmswap.ClassSubset', classes=classes)
new_val.update(test_mode=True, pipeline=_base_.test_steps)
val_sets = [
    dict(subset, keep=['retain', 'forget'], dataset=_base_.val_set),
    dict(subset, keep='learn', dataset=new_val)
]
val_dataloader = dict(dataset=dict(datasets=val_sets))
test_dataloader = val_dataloader
