# A swap on digit scenes: learn 8 and 9, forget 3 and 5.
_base_ = './digits.py'

classes = dict(
    base=_base_.base_classes,
    learn=('eight', 'nine'),
    forget=('three', 'five'))
train_dataloader = dict(
    batch_size=8,
    num_workers=1,
    sampler=dict(
        _delete_=True, type='mmswap.SwapSampler', retain=4, target=4),
    dataset=dict(
        _delete_=True,
        type='mmswap.SwapDataset',
        phase='learn',
        forgotten='left_out',
        classes=classes,
        old=_base_.train_dataloader.dataset,
        new=dict(
            ann_file='annotations/learn.json',
            data_prefix=dict(img='images/learn/'))))
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmswap.ClassSubset',
        dataset=_base_.val_dataloader.dataset,
        classes=classes,
        keep='all'))
test_dataloader = val_dataloader
val_evaluator = dict(
    _delete_=True, type='mmswap.SwapEvaluator', metrics=_base_.val_evaluator)
test_evaluator = val_evaluator
