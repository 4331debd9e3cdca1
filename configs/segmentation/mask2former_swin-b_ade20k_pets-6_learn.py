_base_ = '../_base_/swap/mask2former_swin-b_ade20k.py'

# The published six breeds of the Oxford-IIIT pets, the first by id.
classes = dict(
    base=_base_.base_classes,
    learn=('Abyssinian', 'american_bulldog', 'american_pit_bull_terrier',
           'basset_hound', 'beagle', 'Bengal'),
    forget=_base_.forget_classes)
model = dict(classes=classes)

data = dict(
    type='BaseSegDataset',
    data_root='data/oxford_pets',
    data_prefix=dict(img_path='images', seg_map_path='mmswap/semantic'),
    metainfo=dict(classes='data/oxford_pets/mmswap/seg_classes.txt'))
new = dict(data, ann_file='mmswap/seg_train.txt')
new_val = dict(data, ann_file='mmswap/seg_val.txt')

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
