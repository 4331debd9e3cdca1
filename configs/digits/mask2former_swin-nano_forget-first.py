# Forgetting before anything was learned: only old classes are retained.
_base_ = './mask2former_swin-nano_forget.py'

train_dataloader = dict(dataset=dict(phase='forget_first'))
load_from = '{{ fileDirname }}/mask2former_swin-nano_base.safetensors'
