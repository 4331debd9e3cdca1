"""Samples of object detection and instance segmentation, by split."""
from typing import Any, Dict, Mapping, Optional, Sequence

import numpy as np
import torch
from mmengine.evaluator import BaseMetric
from mmengine.structures import InstanceData

from .sample_kind import Sample, SampleKind, without_results


class DetectionSamples(SampleKind):
    """mmdet's samples of object detection and instance segmentation.

    They have predictions in ``pred_instances`` and ground truth in
    ``instances``, the list of dicts that metrics without ``ann_file`` read.
    An image belongs to a split if it holds an object of it that is not to be
    ignored (``ignore_flag``, COCO's crowds).
    """

    def matches(self, sample: Sample, metric: BaseMetric) -> bool:
        """Whether there are predicted instances."""
        del metric
        return 'pred_instances' in sample

    def restrict(self, sample: Sample,
                 labels: Sequence[int]) -> Optional[Dict[str, Any]]:
        """See :meth:`SampleKind.restrict`.

        Raises:
            ValueError: If the sample has no ``instances``, or instances
                without labels.
        """
        if 'instances' not in sample:
            raise ValueError(
                'meta_keys of PackDetInputs in the val pipeline must contain '
                "'instances', the ground truth that splits are made from, "
                f'got a sample with {sorted(sample)}')
        objects = [
            instance for instance in sample['instances']
            if instance['bbox_label'] in labels
        ]
        if all(instance.get('ignore_flag', 0) for instance in objects):
            return None
        part = without_results(sample)
        part['instances'] = objects
        for key in ('pred_instances', 'gt_instances', 'ignored_instances'):
            if key in sample:
                part[key] = _select(key, sample[key], labels)
        return part

    def has_predictions(self, part: Sample) -> bool:
        """Whether an instance is predicted."""
        return len(part['pred_instances'].get('labels', ())) > 0

    def stand_in(self, part: Sample, labels: Sequence[int]) -> Dict[str, Any]:
        """Predict an empty box, an empty mask, with score 0."""
        instances: Dict[str, Any] = {}
        for key, value in part['pred_instances'].items():
            if key == 'masks':
                instances[key] = torch.zeros((1, *part['ori_shape'][:2]),
                                             dtype=torch.bool)
            elif isinstance(value, torch.Tensor):
                instances[key] = value.new_zeros((1, *value.shape[1:]))
            elif isinstance(value, np.ndarray):
                instances[key] = np.zeros((1, *value.shape[1:]), value.dtype)
        instances['labels'] += labels[0]
        return {**part, 'pred_instances': instances}


def _select(key: str, instances: Mapping[str, Any],
            labels: Sequence[int]) -> Mapping[str, Any]:
    """Select the instances of some labels, in every field."""
    if not instances:
        return instances
    if 'labels' not in instances:
        raise ValueError(f'{key} must have labels to be scored by split, got '
                         f'{sorted(instances)}')
    own_labels = torch.as_tensor(instances['labels'])
    # An index on the CPU fits fields on any device; masks may lie elsewhere
    # than labels.
    keep = torch.isin(own_labels, own_labels.new_tensor(labels)).cpu()
    return InstanceData(**instances)[keep].to_dict()
