# SCRUB: max steps and min steps in turn, then min steps only.
_base_ = '../../_base_/baselines/vit-nano.py'

model = dict(
    objective=dict(
        type='mmswap.SCRUBObjective', max_until=_base_.max_iters // 2))
