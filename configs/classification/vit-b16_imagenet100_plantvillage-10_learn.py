_base_ = '../_base_/swap/vit-b16_imagenet100.py'

# Classes of PlantVillage to learn. The published code does not contain
# them: these are examples, the first ten by name.
classes = dict(
    base=_base_.base_classes,
    learn=(
        'Apple___Apple_scab', 'Apple___Black_rot',
        'Apple___Cedar_apple_rust', 'Apple___healthy', 'Blueberry___healthy',
        'Cherry_(including_sour)___Powdery_mildew',
        'Cherry_(including_sour)___healthy',
        'Corn_(maize)___Cercospora_leaf_spot Gray_leaf_spot',
        'Corn_(maize)___Common_rust_',
        'Corn_(maize)___Northern_Leaf_Blight'),
    forget=_base_.forget_classes)
model = dict(classes=classes)

data = dict(
    type='CustomDataset',
    data_root='data/plantvillage',
    metainfo=dict(classes='data/plantvillage/mmswap/classes.txt'))
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
