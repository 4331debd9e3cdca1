# Elastic weight consolidation. The published penalty, 10, is 0.5% of the loss
# here; at 3000 it is a third.
_base_ = '../../_base_/baselines/vit-nano.py'

model = dict(
    objective=dict(
        type='mmswap.ImportanceObjective', method='ewc', penalty=3000.))
custom_hooks = [dict(type='mmswap.ImportanceHook', num_images=200)]
