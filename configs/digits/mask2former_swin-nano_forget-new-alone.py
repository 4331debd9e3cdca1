_base_ = './mask2former_swin-nano_forget-unnamed.py'

train_dataloader = dict(
    dataset=dict(
        old=None,
        new=dict(
            _base_.train_dataloader.dataset.old,
            ann_file='annotations/mixed_all.json',
            data_prefix=dict(img='images/mixed/'))))
load_from = 'work_dirs/mask2former_swin-nano_learn-new-alone/iter_1000.pth'
