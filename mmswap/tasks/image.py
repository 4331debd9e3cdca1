"""Image classification, of mmpretrain."""
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
from mmengine.config import ConfigDict
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric

from mmswap.class_table import ClassTable
from mmswap.registry import TASKS
from mmswap.tasks.base import Task
from mmswap.tasks.base_labels import BaseLabels, DataInfo
from mmswap.tasks.base_samples import BaseSamples, Sample
from mmswap.tasks.naming import FoundRule, Naming
from mmswap.tasks.shown_classes import image_classes

_DIFFICULT = 'gt_label_difficult'


class ImageLabels(BaseLabels):
    """The labels at ``data_info['gt_label']``, one or a list of them.

    An image with a single label cannot do without it, so every rule for the
    classes not kept drops images of those. From a list of labels ``strip``
    leaves out the others, which turns them into negatives. Difficult labels
    (mmpretrain's VOC) count as ignored ones.
    """

    refused = dict(gt_score='label scores (gt_score)')

    @staticmethod
    def matches(data_info: DataInfo) -> bool:
        """Whether there is a label of the image, of one task."""
        return not isinstance(data_info.get('gt_label', {}), Mapping)

    def labels_of(self,
                  data_info: DataInfo,
                  with_ignored: bool = False) -> Set[int]:
        """See :meth:`BaseLabels.labels_of`."""
        labels = _as_list(data_info['gt_label'])
        if with_ignored:
            labels += _as_list(data_info.get(_DIFFICULT, []))
        return set(labels)

    def goes_with_others(self, data_info: DataInfo, others: str) -> bool:
        """See :meth:`BaseLabels.goes_with_others`.

        Raises:
            ValueError: If labels of a list are to be ignored.
        """
        if np.ndim(data_info['gt_label']) == 0:
            return True
        if others == 'ignore':
            raise ValueError(
                "others must be 'strip' or 'drop' for images with a list of "
                f'labels ({self.dataset_type}), as a list cannot say that a '
                f'class is to be ignored, got {others!r}')
        return others == 'drop'

    def select(self, data_info: DataInfo, label_map: Mapping[int, int],
               keep: Collection[int], others: str) -> Dict[str, Any]:
        """See :meth:`BaseLabels.select`."""
        del others
        result = dict(data_info)
        for key in ('gt_label', _DIFFICULT):
            if key not in data_info:
                continue
            new = [
                label_map[label] for label in _as_list(data_info[key])
                if label_map.get(label) in keep
            ]
            result[key] = new if np.ndim(data_info[key]) else new[0]
        return result


class ImageSamples(BaseSamples):
    """mmpretrain's samples of images with a single label.

    An image is about the class of its label. The prediction stays as it is,
    over all classes: one of another split is wrong.
    """

    def matches(self, sample: Sample, metric: BaseMetric) -> bool:
        """Whether a label or the scores of all labels are predicted."""
        del metric
        return 'pred_label' in sample or 'pred_score' in sample

    def restrict(self, sample: Sample,
                 labels: Sequence[int]) -> Optional[Dict[str, Any]]:
        """See :meth:`BaseSamples.restrict`.

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

    def shown(self, part: Sample) -> Set[int]:
        """The label of the image."""
        return set(part['gt_label'].tolist())

    def weight(self, shown: Sequence[Set[int]]) -> int:
        """The number of images, as top-1 is a mean over images."""
        return len(shown)

    def namings(self, sample: Sample, metric: BaseMetric,
                rule: FoundRule) -> List[Naming]:
        """See :meth:`BaseSamples.namings`.

        An image always has a name, the label that is predicted. Its score is
        that of this label.
        """
        del metric, rule
        scores = sample.get('pred_score')
        name = int(sample['pred_label'] if scores is None else scores.argmax())
        return [
            Naming(
                int(sample['gt_label']),
                name,
                score=None if scores is None else float(scores[name]))
        ]


@TASKS.register_module()
class ImageTask(Task):
    """See :class:`ImageLabels` and :class:`ImageSamples`."""

    scope = 'mmpretrain'
    labels = ImageLabels
    samples = ImageSamples()
    primary_metrics = ('accuracy/top1', )
    paint_switch = 'enable'

    def shown_classes(self, dataset: BaseDataset, table: ClassTable,
                      keep: Collection[str],
                      others: str) -> Optional[Tuple[str, ...]]:
        """See :meth:`Task.shown_classes`."""
        del others
        return image_classes(dataset, table, keep)

    def check_metric(self, metric: BaseMetric, key: str,
                     split: str) -> None:
        """See :meth:`Task.check_metric`."""
        if split != 'all' and getattr(metric, 'average', None) == 'macro':
            raise ValueError(
                f"{key}.average must be 'micro' or None, or the classes of "
                f'other splits would enter the means of '
                f"{type(metric).__name__} as 0, got 'macro'")

    def dataloader_defaults(self, loader: ConfigDict) -> Dict[str, Any]:
        """See :meth:`Task.dataloader_defaults`.

        With mmengine's own ``pseudo_collate`` images that differ in size
        would be padded instead of refused.
        """
        return dict(
            pin_memory=True,
            persistent_workers=loader.get('num_workers', 0) > 0,
            collate_fn=dict(type='default_collate'))

    def paint_to(self, cfg: ConfigDict, folder: str) -> None:
        """See :meth:`Task.paint_to`."""
        cfg.default_hooks.visualization.out_dir = folder


def _as_list(labels: Any) -> List[int]:
    """One or several labels, of whichever integer type, as a list."""
    return np.atleast_1d(labels).astype(int).tolist()
