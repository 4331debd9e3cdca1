# Semantic segmentation of Knowledge Swapping: Mask2Former Swin-B on ADE20K.
# Configs that inherit add the class table and the data to learn from.
# Constants are those of the published code unless a comment says otherwise.
_base_ = [
    __import__('mmswap').stock_config(
        'mmseg::mask2former/mask2former_swin-b-in22k-384x384-pre_'
        '8xb2-160k_ade20k-640x640.py'), './ade20k.py', './ks.py'
]
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)

model = dict(_delete_=True, model=_base_.model, **_base_.swap_model)
# 2 GPUs of 3 images a branch. Every data set is normalised as the base model
# is.
train_pipeline, test_pipeline = _base_.train_steps, _base_.test_steps
train_dataloader = dict(
    _delete_=True,
    batch_size=6,
    num_workers=6,
    persistent_workers=True,
    sampler=dict(_base_.swap_sampler, retain=3, target=3),
    dataset=dict(
        type='mmswap.SwapDataset',
        phase='learn',
        forgotten='left_out',
        old=_base_.train_set))
# The images of each data set stand for its own splits.
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmengine.ConcatDataset',
        ignore_keys=['palette', 'reduce_zero_label']))
test_dataloader = val_dataloader
val_evaluator = dict(
    _delete_=True, metrics=_base_.val_evaluator, **_base_.swap_evaluator)
test_evaluator = val_evaluator

# A constant learning rate, the backbone's too, and all 3,500 iterations: the
# published code goes on from the 3,000th.
train_cfg = dict(max_iters=3500, val_interval=500)
optim_wrapper = dict(
    _delete_=True,
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=0.05),
    clip_grad=dict(max_norm=0.01, norm_type=2),
    **_base_.swap_optim)
param_scheduler = []
auto_scale_lr = dict(base_batch_size=12)
default_hooks = dict(
    _base_.swap_hooks, checkpoint=dict(interval=3500, save_best=None))
load_from = ('checkpoints/mask2former_swin-b-in22k-384x384-pre_8xb2-160k_'
             'ade20k-640x640_20221203_235230-7ec0f569.pth')
