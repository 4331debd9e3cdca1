from .scores import accuracy_drop, find_primary, h_mean, swap_score
from .split_metric import SplitMetric
from .split_samples import DetectionSamples, SampleKind, sample_kind
from .swap_evaluator import SwapEvaluator

__all__ = [
    'DetectionSamples', 'SampleKind', 'SplitMetric', 'SwapEvaluator',
    'accuracy_drop', 'find_primary', 'h_mean', 'sample_kind', 'swap_score'
]
