# ImageNet-100: the images to retain, to forget and to score.
_base_ = '../classes/imagenet100.py'
# Images are resized and nothing else.
pipeline = [
    dict(type='LoadImageFromFile'),
    dict(
        type='Resize',
        scale=(224, 224),
        backend='pillow',
        interpolation='bicubic'),
    dict(type='PackInputs')
]
imagenet = dict(
    type='CustomDataset',
    data_root='data/imagenet',
    metainfo=dict(classes='data/imagenet/mmswap/classes.txt'),
    pipeline=pipeline)
train_set = dict(imagenet, ann_file='mmswap/train.txt')
val_set = dict(imagenet, ann_file='mmswap/val.txt', test_mode=True)
