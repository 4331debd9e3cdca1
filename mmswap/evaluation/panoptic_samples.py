"""Samples of panoptic segmentation, by split."""
from typing import Any, Dict, Optional, Sequence

import torch
from mmengine.evaluator import BaseMetric

from .panoptic_metric import PanopticMetric, check_ground_truth
from .sample_kind import Sample, SampleKind, without_results
from .semantic_samples import IGNORE_INDEX

_VOID = -1


class PanopticSamples(SampleKind):
    """mmdet's samples of panoptic segmentation, for ``PanopticMetric``.

    They have predictions in ``pred_panoptic_seg`` and ground truth in
    ``segments_info``. An image belongs to a split if it has a segment of it,
    be it a crowd. Its segments of other classes are not looked for, but they
    are not void: a segment of the split that is predicted there is a false
    positive.
    """

    def matches(self, sample: Sample, metric: BaseMetric) -> bool:
        """Whether there are predicted segments, and they are asked for.

        A panoptic model may predict instances too, for other metrics.
        """
        return 'pred_panoptic_seg' in sample and isinstance(
            metric, PanopticMetric)

    def restrict(self, sample: Sample,
                 labels: Sequence[int]) -> Optional[Dict[str, Any]]:
        """See :meth:`SampleKind.restrict`.

        Raises:
            ValueError: If the sample has no ground truth.
        """
        from mmdet.evaluation.functional import INSTANCE_OFFSET
        check_ground_truth(sample)
        categories = {s['category'] for s in sample['segments_info']}
        if not categories & set(labels):
            return None
        # Void stays void.
        segments = [
            s for s in sample['segments_info']
            if s['category'] in (*labels, IGNORE_INDEX)
        ]
        panoptic_seg = sample['pred_panoptic_seg']
        ids = panoptic_seg['sem_seg']
        other = ~torch.isin(ids % INSTANCE_OFFSET, ids.new_tensor(labels))
        return {
            **without_results(sample), 'segments_info': segments,
            'pred_panoptic_seg': {
                **panoptic_seg, 'sem_seg': ids.masked_fill(other, _VOID)
            }
        }
