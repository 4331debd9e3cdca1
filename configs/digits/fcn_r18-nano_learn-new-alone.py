_base_ = './fcn_r18-nano_learn.py'

# No old image: new ones whose maps the base model has completed
# (`mmswap pseudo-label`). Few of their pixels are new, so these weigh more.
model = dict(objective=dict(weight=4.))
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmswap.SwapDataset',
        phase='learn',
        classes=_base_.classes,
        new=dict(
            _base_.train_dataloader.dataset.old,
            data_prefix=dict(
                img_path='images/mixed',
                seg_map_path='semantic_bg/mixed_all'))))
