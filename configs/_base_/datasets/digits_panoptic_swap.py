# A swap on panoptic segments: learn 8 and 9, forget 3 and 5.
_base_ = './digits_panoptic.py'

classes = dict(
    base=_base_.base_meta['classes'],
    learn=('eight', 'nine'),
    forget=('three', 'five'),
    stuff=_base_.stuff)
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    sampler=dict(
        _delete_=True, type='mmswap.SwapSampler', retain=3, target=5),
    dataset=dict(
        _delete_=True,
        type='mmswap.SwapDataset',
        phase='learn',
        forgotten='left_out',
        classes=classes,
        old=_base_.train_dataloader.dataset,
        new=dict(
            ann_file='annotations/panoptic_learn.json',
            data_prefix=dict(img='images/learn/', seg='panoptic/learn/'))))
val_dataloader = dict(
    dataset=dict(classes=dict(_delete_=True, **classes)))
test_dataloader = val_dataloader
val_evaluator = dict(
    _delete_=True, type='mmswap.SwapEvaluator', metrics=_base_.val_evaluator)
test_evaluator = val_evaluator
