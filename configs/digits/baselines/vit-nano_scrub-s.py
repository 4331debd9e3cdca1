# SCRUB with a running average of the weights, SCRUB-S.
_base_ = '../../_base_/baselines/vit-nano.py'

model = dict(
    objective=dict(
        type='mmswap.SCRUBObjective',
        max_until=_base_.max_iters // 2,
        smoothing=0.05,
        average_every=15))
