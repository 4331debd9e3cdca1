# Memory aware synapses. The published penalty, 0.005, is 0.3% of the loss
# here; at 1.5 it is a third.
_base_ = '../../_base_/baselines/vit-nano.py'

model = dict(
    objective=dict(
        type='mmswap.ImportanceObjective', method='mas', penalty=1.5))
custom_hooks = [dict(type='mmswap.ImportanceHook', num_images=200)]
