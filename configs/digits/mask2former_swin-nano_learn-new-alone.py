_base_ = './mask2former_swin-nano_learn-retaining.py'

# No old image: new ones that show old digits too, which the base model has
# labelled (`mmswap pseudo-label`).
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmswap.SwapDataset',
        phase='learn',
        classes=_base_.classes,
        new=dict(
            _base_.train_dataloader.dataset.old,
            ann_file='annotations/mixed_all.json',
            data_prefix=dict(img='images/mixed/'))))
