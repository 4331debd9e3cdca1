"""Samples of semantic segmentation, by split."""
from typing import Any, Dict, Optional, Sequence

import torch
from mmengine.evaluator import BaseMetric

from .sample_kind import Sample, SampleKind, without_results

IGNORE_INDEX = 255
# Neither a class nor to be ignored.
_OUTSIDE = -1


class SemanticSamples(SampleKind):
    """mmseg's samples, with maps in ``pred_sem_seg`` and ``gt_sem_seg``.

    An image belongs to a split if it has a pixel of it. All of its pixels
    that are not to be ignored (255) count: one of another class that is
    predicted as a class of the split is a false positive of that class. What
    other classes are predicted as is not looked at. ``IoUMetric`` leaves
    classes that neither occur nor are predicted out of its means, so that
    its mIoU is the mean over the classes of the split, and its aAcc the
    accuracy on their pixels.
    """

    def matches(self, sample: Sample, metric: BaseMetric) -> bool:
        """Whether there is a predicted map of mmseg's making."""
        del metric
        return 'data' in sample.get('pred_sem_seg', ())

    def restrict(self, sample: Sample,
                 labels: Sequence[int]) -> Optional[Dict[str, Any]]:
        """See :meth:`SampleKind.restrict`.

        Raises:
            ValueError: If the sample has no ground truth.
        """
        if 'gt_sem_seg' not in sample:
            raise ValueError(
                'the val pipeline must have a LoadAnnotations, which loads '
                'the ground truth that splits are made from, got a sample '
                f'with {sorted(sample)}')
        truth = _outside_but(labels, sample['gt_sem_seg']['data'])
        if not ((truth != _OUTSIDE) & (truth != IGNORE_INDEX)).any():
            return None
        predicted = _outside_but(labels, sample['pred_sem_seg']['data'])
        return {
            **without_results(sample), 'gt_sem_seg': dict(data=truth),
            'pred_sem_seg': dict(data=predicted)
        }


def _outside_but(labels: Sequence[int], seg_map: torch.Tensor) -> torch.Tensor:
    """A map with all but some labels, and what is ignored, outside."""
    # One look-up per pixel; torch.isin sorts them.
    table = torch.full((IGNORE_INDEX + 1, ), _OUTSIDE, device=seg_map.device)
    for label in (*labels, IGNORE_INDEX):
        table[label] = label
    return table[seg_map.long()]
