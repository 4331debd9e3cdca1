# Forgetting before anything was learned: only old classes are retained.
_base_ = './mask2former_swin-nano_forget.py'

subset = dict(
    type='mmswap.ClassSubset',
    classes=_base_.classes,
    dataset=_base_.train_dataloader.dataset.old)
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmswap.SwapDataset',
        branches=dict(
            retain=dict(subset, keep='retain'),
            forget=dict(subset, keep='forget'))))
load_from = '{{ fileDirname }}/mask2former_swin-nano_base.safetensors'
