# The same loss as GS-LoRA's with all weights training.
_base_ = '../../_base_/baselines/vit-nano.py'

model = dict(
    objective=dict(type='mmswap.ForgetObjective', bound=10.))
