from .detection_samples import DetectionSamples
from .image_samples import ImageSamples
from .panoptic_metric import PanopticMetric
from .panoptic_samples import PanopticSamples
from .sample_kind import SampleKind
from .scores import accuracy_drop, find_primary, h_mean, swap_score
from .semantic_samples import SemanticSamples
from .split_metric import SplitMetric
from .split_samples import sample_kind
from .swap_evaluator import SwapEvaluator

__all__ = [
    'DetectionSamples', 'ImageSamples', 'PanopticMetric', 'PanopticSamples',
    'SampleKind', 'SemanticSamples', 'SplitMetric', 'SwapEvaluator',
    'accuracy_drop', 'find_primary', 'h_mean', 'sample_kind', 'swap_score'
]
