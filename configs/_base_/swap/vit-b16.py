# ViT-B/16 with a hundred classes, for Knowledge Swapping and GS-LoRA.
_base_ = 'mmpretrain::vision_transformer/vit-base-p16_32xb128-mae_in1k.py'
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)

# Plain cross entropy and unmixed images: the bound of the forget phase is
# compared with it.
stock_model = _base_.model
stock_model.head.num_classes = 100
stock_model.head.loss = dict(type='CrossEntropyLoss', loss_weight=1.0)
stock_model.train_cfg = dict(augments=None)
data_preprocessor = dict(num_classes=100)
# The rows of the new classes are random and stay so: LoRA steers the features
# to them.
model = dict(
    _delete_=True,
    type='mmswap.SwapModel',
    model=stock_model,
    adapter=dict(rank=8, alpha=1, targets='ffn'),
    new_rows='frozen',
    new_rows_start='xavier')
default_hooks = dict(
    swap=dict(type='mmswap.SwapHook'),
    swap_log=dict(type='mmswap.SwapLogHook'),
    adapter=dict(type='mmswap.AdapterHook'),
    logger=dict(interval=10),
    checkpoint=dict(by_epoch=False))
custom_hooks = []  # The stock average of the weights is none of theirs.
log_processor = dict(by_epoch=False)
# The stock checkpoint with its head cut to the hundred classes: see
# docs/experiments.md.
load_from = 'checkpoints/vit-base-p16_imagenet100.pth'
