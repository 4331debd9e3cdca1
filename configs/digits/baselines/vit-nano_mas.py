# Memory aware synapses.
_base_ = '../../_base_/baselines/vit-nano.py'

model = dict(
    objective=dict(
        type='mmswap.ImportanceObjective', method='mas', penalty=0.005))
custom_hooks = [
    *_base_.custom_hooks,
    dict(type='mmswap.ImportanceHook', num_images=200)
]
