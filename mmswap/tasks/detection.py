"""Object detection and instance segmentation, of mmdet."""
from typing import (
    Any,
    Collection,
    Dict,
    List,
    Mapping,
    Optional,
    Sequence,
    Set,
    Tuple,
)

import numpy as np
import torch
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric
from mmengine.structures import InstanceData

from mmswap.class_table import ClassTable
from mmswap.registry import TASKS
from mmswap.tasks.base import Task
from mmswap.tasks.base_labels import BaseLabels, DataInfo
from mmswap.tasks.base_samples import BaseSamples, Sample, without_results
from mmswap.tasks.instance_overlaps import instance_ious
from mmswap.tasks.naming import FoundRule, Naming, name_objects
from mmswap.tasks.shown_classes import detection_classes


class InstanceLabels(BaseLabels):
    """The labels of ``data_info['instances']``.

    That is mmdet's list of dicts with ``bbox``, ``bbox_label`` and, where the
    data has them, ``ignore_flag`` and ``mask``. Instances with
    ``ignore_flag=1`` are crowds and difficult objects. Negative labels mark
    regions to ignore that belong to no class (CrowdHuman).
    """

    refused = dict(
        # Nothing tells which class a value of such a map stands for: those of
        # COCO-stuff count otherwise than the instances beside them.
        seg_map_path='semantic maps (data_prefix.seg)',
        text='class names as a prompt (return_classes=True)')

    @staticmethod
    def matches(data_info: DataInfo) -> bool:
        """Whether there is a list of instances and no list of segments."""
        return 'instances' in data_info and 'segments_info' not in data_info

    def labels_of(self,
                  data_info: DataInfo,
                  with_ignored: bool = False) -> Set[int]:
        """See :meth:`BaseLabels.labels_of`; negative ones are left out."""
        return {
            instance['bbox_label']
            for instance in data_info['instances']
            if instance['bbox_label'] >= 0 and (
                with_ignored or not instance.get('ignore_flag', 0))
        }

    def select(self, data_info: DataInfo, label_map: Mapping[int, int],
               keep: Collection[int], others: str) -> Dict[str, Any]:
        """See :meth:`BaseLabels.select`.

        ``ignore`` keeps the other instances with ``ignore_flag=1``, under
        their label in the class table or -1 where they have none. Any other
        rule leaves them out.
        """
        instances = []
        for instance in data_info['instances']:
            label = label_map.get(instance['bbox_label'], -1)
            if label in keep:
                instances.append({**instance, 'bbox_label': label})
            elif instance['bbox_label'] < 0:
                # A region to ignore of no class has no others rule.
                instances.append(dict(instance))
            elif others == 'ignore':
                instances.append({
                    **instance, 'bbox_label': label,
                    'ignore_flag': 1
                })
        return {**data_info, 'instances': instances}


class DetectionSamples(BaseSamples):
    """mmdet's samples of object detection and instance segmentation.

    They have predictions in ``pred_instances`` and ground truth in
    ``instances``, the list of dicts that metrics without ``ann_file`` read.
    An image shows the classes of its objects that are not to be ignored
    (``ignore_flag``, COCO's crowds).
    """

    def matches(self, sample: Sample, metric: BaseMetric) -> bool:
        """Whether there are predicted instances."""
        del metric
        return 'pred_instances' in sample

    def restrict(self, sample: Sample,
                 labels: Sequence[int]) -> Dict[str, Any]:
        """See :meth:`BaseSamples.restrict`.

        Raises:
            ValueError: If the sample has no ``instances``, or instances
                without labels.
        """
        if 'instances' not in sample:
            raise ValueError(
                'val_dataloader.dataset must be a mmswap.ClassSubset, which '
                'gives samples the ground truth that splits are made from, or '
                "meta_keys of PackDetInputs must contain 'instances', got a "
                f'sample with {sorted(sample)}')
        part = without_results(sample)
        part['instances'] = [
            instance for instance in sample['instances']
            if instance['bbox_label'] in labels
        ]
        for key in ('pred_instances', 'gt_instances', 'ignored_instances'):
            if key in sample:
                part[key] = _select(key, sample[key], labels)
        return part

    def shown(self, part: Sample) -> Set[int]:
        """The labels of objects that are not to be ignored."""
        return {
            instance['bbox_label']
            for instance in part['instances']
            if not instance.get('ignore_flag', 0)
        }

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

    def namings(self, sample: Sample, metric: BaseMetric,
                rule: FoundRule) -> List[Naming]:
        """See :meth:`BaseSamples.namings`, and :func:`name_objects`."""
        del metric
        instances, predicted = sample['instances'], sample['pred_instances']
        labels = [instance['bbox_label'] for instance in instances]
        ignored = [
            bool(instance.get('ignore_flag', 0)) or instance['bbox_label'] < 0
            for instance in instances
        ]
        if all(ignored):
            return []  # Spares encoding all masks.
        if not len(predicted.get('labels', ())):
            return name_objects(np.zeros(0), labels, ignored, [], [], rule)
        ious = instance_ious(instances, ignored, predicted,
                             sample['ori_shape'][:2])
        return name_objects(ious, labels, ignored,
                            predicted['labels'].tolist(),
                            predicted['scores'].tolist(), rule)


class InstanceTask(Task):
    """What the tasks of mmdet share: instances, and tools."""

    scope = 'mmdet'
    dump_metric = 'DumpDetResults'  # Compresses masks.
    labels_by_name = True

    def shown_classes(self, dataset: BaseDataset, table: ClassTable,
                      keep: Collection[str],
                      others: str) -> Optional[Tuple[str, ...]]:
        """See :meth:`Task.shown_classes`."""
        del table
        return detection_classes(dataset, keep, others)

    def ground_truth(self, data_info: Mapping[str, Any]) -> Dict[str, Any]:
        """See :meth:`Task.ground_truth`."""
        keys = ('instances', 'segments_info', 'seg_map_path')
        return {key: data_info[key] for key in keys if key in data_info}


@TASKS.register_module()
class DetectionTask(InstanceTask):
    """See :class:`InstanceLabels` and :class:`DetectionSamples`."""

    labels = InstanceLabels
    samples = DetectionSamples()
    primary_metrics = ('segm_mAP', 'bbox_mAP')


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
