# Learning without forgetting.
_base_ = '../../_base_/baselines/vit-nano.py'

model = dict(objective=dict(type='mmswap.LwFObjective'))
