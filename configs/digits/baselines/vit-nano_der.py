# Dark experience replay.
_base_ = '../../_base_/baselines/vit-nano.py'

model = dict(objective=dict(type='mmswap.DERObjective'))
