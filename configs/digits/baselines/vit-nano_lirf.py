# Learning with recoverable forgetting; the layer in the middle is the third.
_base_ = '../../_base_/baselines/vit-nano.py'

model = dict(
    objective=dict(type='mmswap.LIRFObjective', layer='backbone.layers.2'))
optim_wrapper = dict(optimizer=dict(lr=2e-3))
