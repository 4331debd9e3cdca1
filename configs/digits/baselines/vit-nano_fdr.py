# Function distance regularisation.
_base_ = '../../_base_/baselines/vit-nano.py'

model = dict(
    objective=dict(type='mmswap.FDRObjective', distill_weight=0.5))
