"""Samples of image classification, by split."""
from typing import Any, Dict, Optional, Sequence

from mmengine.evaluator import BaseMetric

from .sample_kind import Sample, SampleKind


class ImageSamples(SampleKind):
    """mmpretrain's samples of images with a single label.

    An image belongs to the split of its label. The prediction stays as it
    is, over all classes: one of another split is wrong.
    """

    def matches(self, sample: Sample, metric: BaseMetric) -> bool:
        """Whether a label or the scores of all labels are predicted."""
        del metric
        return 'pred_label' in sample or 'pred_score' in sample

    def restrict(self, sample: Sample,
                 labels: Sequence[int]) -> Optional[Dict[str, Any]]:
        """See :meth:`SampleKind.restrict`.

        Raises:
            ValueError: If the image has no label, or not a single one.
        """
        if 'gt_label' not in sample:
            raise ValueError(
                'the data set must tell the label of each image, which splits '
                f'are made from, got a sample with {sorted(sample)}')
        own_labels = sample['gt_label'].tolist()
        if len(own_labels) != 1:
            raise ValueError(
                'images must have a single label to be scored by split, got '
                f'the labels {own_labels}; others can be scored as a whole, '
                'under val_evaluator.metrics.all')
        return dict(sample) if own_labels[0] in labels else None
