# Forgetting before anything was learned: only old classes are retained.
_base_ = './mask2former_swin-b_ade20k_voc-6_forget.py'
train_dataloader = dict(dataset=dict(phase='forget_first'))
load_from = ('checkpoints/mask2former_swin-b-in22k-384x384-pre_8xb2-160k_'
             'ade20k-640x640_20221203_235230-7ec0f569.pth')
