# GS-LoRA itself: LoRA in the FFNs, one sparse group a block. The proximal form
# retains more than the penalty; in so few steps no group becomes zero.
_base_ = '../../_base_/baselines/vit-nano.py'

model = dict(
    trains='adapter',
    objective=dict(type='mmswap.ForgetObjective', bound=10., weight=1.0))
optim_wrapper = dict(
    group_sparse=dict(alpha=20., mode='proximal'), optimizer=dict(lr=1e-2))
