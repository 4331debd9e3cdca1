# Detection of Knowledge Swapping with the DINO Swin-L that mmdet has weights
# of, which has 5 scales; the published one has 4 (dino-4scale_swin-l.py).
# Configs that inherit add the class table and the data to learn from.
# Constants are those of the published code unless a comment says otherwise.
_base_ = ['mmdet::dino/dino-5scale_swin-l_8xb2-12e_coco.py', './ks.py']
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)

# All 36 FFNs get LoRA and are groups; the published code leaves the 6 of the
# decoder out of the group-sparse term. mmdet runs a checkpointed Swin block
# plainly where its input needs no gradient, so that LoRA in it learns.
model = dict(_delete_=True, model=_base_.model, **_base_.swap_model)
# 2 GPUs of 2 images a branch.
train_set = _base_.train_dataloader.dataset
train_dataloader = dict(
    _delete_=True,
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(_base_.swap_sampler, retain=2, target=2),
    dataset=dict(
        type='mmswap.SwapDataset',
        phase='learn',
        forgotten='left_out',
        old=train_set))
# The images of each data set stand for its own splits.
val_set = _base_.val_dataloader.dataset
val_dataloader = dict(
    dataset=dict(_delete_=True, type='mmengine.ConcatDataset'))
test_dataloader = val_dataloader
val_evaluator = dict(
    _delete_=True,
    metrics=dict(type='CocoMetric', metric='bbox', classwise=True),
    **_base_.swap_evaluator)
test_evaluator = val_evaluator

# 20 epochs over the images to retain, 4 at a time: those of train2017 that
# have an object are 117,266, and a few of them have none to retain. The
# learning rate is constant, the backbone's too.
epoch = 29316
loop = dict(type='IterBasedTrainLoop', max_iters=20 * epoch)
train_cfg = dict(_delete_=True, val_interval=epoch, **loop)
optim_wrapper = dict(
    _delete_=True,
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=1e-4),
    clip_grad=dict(max_norm=0.1, norm_type=2),
    **_base_.swap_optim)
param_scheduler = []
auto_scale_lr = dict(base_batch_size=8)
default_hooks = dict(
    _base_.swap_hooks,
    checkpoint=dict(by_epoch=False, interval=epoch, max_keep_ckpts=2))
log_processor = dict(by_epoch=False)
load_from = ('checkpoints/dino-5scale_swin-l_8xb2-12e_coco_'
             '20230228_072924-a654145f.pth')
