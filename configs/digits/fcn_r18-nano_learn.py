_base_ = [
    '../_base_/models/fcn_r18-nano.py',
    '../_base_/datasets/digits_semantic_swap.py',
    '../_base_/schedules/nano_swap.py', '../_base_/runtimes/mmseg.py'
]
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)

# The convolution that joins the levels of the backbone gets LoRA too.
model = dict(
    _delete_=True,
    type='mmswap.SwapModel',
    model=_base_.model,
    classes=_base_.classes,
    adapter=dict(targets=['conv', r'decode_head\.convs\.0\.conv']),
    objective=dict(type='mmswap.LearnObjective'))
train_dataloader = dict(
    dataset=dict(old=dict(pipeline=_base_.crop_pipeline)))
train_cfg = dict(max_iters=600, val_interval=600)
param_scheduler = [dict(_base_.param_scheduler[0], end=600)]
default_hooks = dict(swap=dict(type='mmswap.SwapHook'))
load_from = 'work_dirs/fcn_r18-nano_base/iter_2000.pth'
