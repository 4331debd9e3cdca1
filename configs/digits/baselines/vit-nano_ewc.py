# Elastic weight consolidation.
_base_ = '../../_base_/baselines/vit-nano.py'

model = dict(
    objective=dict(
        type='mmswap.ImportanceObjective', method='ewc', penalty=10.))
custom_hooks = [
    *_base_.custom_hooks,
    dict(type='mmswap.ImportanceHook', num_images=200)
]
