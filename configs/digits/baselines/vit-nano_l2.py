# Weights are held where they were, all alike.
_base_ = '../../_base_/baselines/vit-nano.py'

model = dict(
    objective=dict(
        type='mmswap.ImportanceObjective', method='l2', penalty=0.1))
