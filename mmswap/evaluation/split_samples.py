"""Which kind of data samples a metric is fed.

To support another task, write a :class:`SampleKind` for its samples and add
it to ``SAMPLE_KINDS``.
"""
from typing import Tuple

from mmengine.evaluator import BaseMetric

from .detection_samples import DetectionSamples
from .image_samples import ImageSamples
from .panoptic_samples import PanopticSamples
from .sample_kind import Sample, SampleKind
from .semantic_samples import SemanticSamples

SAMPLE_KINDS: Tuple[SampleKind, ...] = (PanopticSamples(), DetectionSamples(),
                                        SemanticSamples(), ImageSamples())


def sample_kind(sample: Sample, metric: BaseMetric) -> SampleKind:
    """Find the kind of a data sample.

    Args:
        sample: The data sample of an image.
        metric: The metric to be fed with it.

    Raises:
        TypeError: If it is of no kind that can be restricted to a split.
    """
    for kind in SAMPLE_KINDS:
        if kind.matches(sample, metric):
            return kind
    raise TypeError(
        'data samples must be those of mmdet with pred_instances (or, for '
        'mmswap.PanopticMetric, pred_panoptic_seg), of mmseg with '
        'pred_sem_seg or of mmpretrain with pred_label to be scored by split, '
        f'got one with {sorted(sample)} for '
        f'{type(metric).__name__}; others can be scored as a whole, under '
        'val_evaluator.metrics.all')
