# Dark experience replay with labels, DER++.
_base_ = '../../_base_/baselines/vit-nano.py'

model = dict(
    objective=dict(
        type='mmswap.DERObjective', distill_weight=0.01, retain_weight=0.5))
