"""What a split sees of a data sample: its classes and nothing else.

Each kind of data sample has a class here. To support another task, write a
:class:`SampleKind` for its samples and add it to ``SAMPLE_KINDS``.
"""
from abc import ABCMeta, abstractmethod
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

import numpy as np
import torch
from mmengine.structures import InstanceData

Sample = Mapping[str, Any]


class SampleKind(metaclass=ABCMeta):
    """How the data samples of one task are restricted to a split.

    A data sample is the dict that metrics are fed: ``to_dict()`` of the task
    library's data element, with the ground truth and the predictions of one
    image. It is shared by all metrics, so a kind never changes it in place.
    """

    @abstractmethod
    def matches(self, sample: Sample) -> bool:
        """Whether the sample is of this kind."""

    @abstractmethod
    def restrict(self, sample: Sample,
                 labels: Sequence[int]) -> Optional[Dict[str, Any]]:
        """Leave only the ground truth and the predictions of some classes.

        Args:
            sample: The data sample of an image.
            labels: The labels to keep.

        Returns:
            A new sample, or None if the image holds nothing of the classes
            that a prediction could be right about.
        """

    @abstractmethod
    def has_predictions(self, part: Sample) -> bool:
        """Whether a restricted sample predicts anything."""

    @abstractmethod
    def stand_in(self, part: Sample, labels: Sequence[int]) -> Dict[str, Any]:
        """Give a restricted sample without predictions one that is wrong.

        Args:
            part: What :meth:`restrict` returned.
            labels: The labels of the split.

        Returns:
            A new sample with one prediction that matches no object.
        """


class DetectionSamples(SampleKind):
    """mmdet's samples of object detection and instance segmentation.

    They have predictions in ``pred_instances`` and ground truth in
    ``instances``, the list of dicts that metrics without ``ann_file`` read.
    An image belongs to a split if it holds an object of it that is not to be
    ignored (``ignore_flag``, COCO's crowds).

    Fields of ground truth and predictions that are not restricted here
    (``pred_panoptic_seg``, ``gt_sem_seg``, ...) are left out, so that no
    metric can score them over all classes unnoticed.
    """

    def matches(self, sample: Sample) -> bool:
        """Whether there are predicted instances."""
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
        part = {
            key: value
            for key, value in sample.items()
            if not key.startswith(('gt_', 'pred_'))
        }
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


SAMPLE_KINDS: Tuple[SampleKind, ...] = (DetectionSamples(), )


def sample_kind(sample: Sample) -> SampleKind:
    """Find the kind of a data sample.

    Args:
        sample: The data sample of an image.

    Raises:
        TypeError: If it is of no kind that can be restricted to a split.
    """
    for kind in SAMPLE_KINDS:
        if kind.matches(sample):
            return kind
    raise TypeError(
        'data samples must be those of mmdet detection or instance '
        'segmentation, with pred_instances, to be scored by split, got one '
        f'with {sorted(sample)}; other tasks can be scored as a whole, under '
        'val_evaluator.metrics.all')


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
