from mmswap.evaluation.scores import (
    accuracy_drop,
    find_primary,
    h_mean,
    swap_score,
)
from mmswap.evaluation.split_metric import SplitMetric
from mmswap.evaluation.swap_evaluator import SwapEvaluator

__all__ = [
    'SplitMetric', 'SwapEvaluator', 'accuracy_drop', 'find_primary', 'h_mean',
    'swap_score'
]
