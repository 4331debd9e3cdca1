# As `mmswap init` writes it.
_base_ = './yolox-nano_base.py'
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)

classes = dict(
    base=_base_.base_classes,
    learn=['eight', 'nine'],
    forget=['three', 'five'])
model = dict(
    _delete_=True,
    type='mmswap.SwapModel',
    model=_base_.model,
    classes=classes,
    adapter=dict(targets=['conv']),
    objective=dict(type='mmswap.LearnObjective', hold_weight=1.0))
train_dataloader = dict(
    _delete_=True,
    batch_size=4,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='mmswap.SwapSampler', retain=2, target=2),
    dataset=dict(
        type='mmswap.SwapDataset',
        phase='learn',
        classes=classes,
        old=_base_.train_dataloader.dataset,
        new=dict(
            ann_file='annotations/learn.json',
            data_prefix=dict(img='images/learn/'))))
val_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='mmswap.ClassSubset',
        classes=classes,
        dataset=_base_.val_dataloader.dataset))
test_dataloader = val_dataloader
val_evaluator = dict(
    _delete_=True, type='mmswap.SwapEvaluator', metrics=_base_.val_evaluator)
test_evaluator = val_evaluator
train_cfg = dict(max_iters=4000, val_interval=4000)
param_scheduler = [dict(type='CosineAnnealingLR', T_max=4000, by_epoch=False)]
optim_wrapper = dict(constructor='mmswap.SwapOptimWrapperConstructor')
default_hooks = dict(swap=dict(type='mmswap.SwapHook'))
load_from = 'work_dirs/yolox-nano_base/iter_2000.pth'
