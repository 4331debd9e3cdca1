"""Semantic segmentation, of mmseg."""
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
from mmengine.config import ConfigDict
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric

from mmswap.class_table import ClassTable
from mmswap.registry import TASKS
from mmswap.tasks.base import Task
from mmswap.tasks.base_labels import IGNORE_INDEX, BaseLabels, DataInfo
from mmswap.tasks.base_samples import BaseSamples, Sample, without_results
from mmswap.tasks.label_names import label_names
from mmswap.tasks.map_scan import scan_label_maps
from mmswap.tasks.naming import FoundRule, Naming
from mmswap.tasks.shown_classes import map_classes

# A label of maps: neither a class nor to be ignored.
_OUTSIDE = -1


class SemanticLabels(BaseLabels):
    """The labels of the map at ``data_info['seg_map_path']``.

    The maps stay as they are on disk. mmseg's ``LoadAnnotations`` replaces
    their values by those of ``data_info['label_map']``, after it has taken
    ``reduce_zero_label`` into account; :meth:`select` writes that map. It
    holds the values that the image's map has and no other, as each one costs
    the loader a pass over all pixels.

    Args:
        dataset: A data set of mmseg, fully initialized. Its maps are read to
            know what they show.
        table: The class table.

    Raises:
        ValueError: If the data set's ``ignore_index`` is not 255.
    """

    def __init__(self, dataset: BaseDataset, table: ClassTable) -> None:
        super().__init__(dataset, table)
        ignore_index = getattr(dataset, 'ignore_index', IGNORE_INDEX)
        if ignore_index != IGNORE_INDEX:
            raise ValueError(
                f'dataset.ignore_index must be {IGNORE_INDEX}, which is what '
                "mmseg's label maps write for pixels to ignore, got "
                f'{ignore_index!r}')
        self._num_labels = len(label_names(dataset).names)
        self._values = scan_label_maps(dataset)

    @staticmethod
    def matches(data_info: DataInfo) -> bool:
        """Whether there is a map with the keys that mmseg's loader reads."""
        return {'seg_map_path', 'reduce_zero_label', 'label_map'} <= set(
            data_info)

    def labels_of(self,
                  data_info: DataInfo,
                  with_ignored: bool = False) -> Set[int]:
        """See :meth:`BaseLabels.labels_of`; nothing is known of ignored ones.

        One pixel is enough to hold a class.
        """
        del with_ignored
        return {
            label
            for label in self._own_labels(data_info).values()
            if label < self._num_labels
        }

    def select(self, data_info: DataInfo, label_map: Mapping[int, int],
               keep: Collection[int], others: str) -> Dict[str, Any]:
        """See :meth:`BaseLabels.select`.

        A pixel has to have a label, so the pixels of classes not kept are to
        be ignored under every rule. So are values that stand for no class:
        they could be the label of a learned one.
        """
        del others
        new = {}
        for value, own_label in self._own_labels(data_info).items():
            label = label_map.get(own_label)
            new[value] = IGNORE_INDEX if label not in keep else label
        return {**data_info, 'label_map': new}

    def _own_labels(self, data_info: DataInfo) -> Dict[int, int]:
        """The data set's label of each value in the map of an image."""
        own = data_info['label_map'] or {}
        values = np.flatnonzero(self._values[data_info['sample_idx']])
        return {value: own.get(value, value) for value in values.tolist()}


class SemanticSamples(BaseSamples):
    """mmseg's samples, with maps in ``pred_sem_seg`` and ``gt_sem_seg``.

    An image shows a class if it has a pixel of it. All pixels that are not to
    be ignored (255) count: one of another class that is predicted as a class
    of the split is a false positive of that class. What else the pixels of
    other classes are predicted as does not. ``IoUMetric`` leaves classes that
    neither occur nor are predicted out of its means, so that its mIoU is the
    mean over the classes of the split, and its aAcc the accuracy on their
    pixels.
    """

    def matches(self, sample: Sample, metric: BaseMetric) -> bool:
        """Whether there is a predicted map of mmseg's making."""
        del metric
        return 'data' in sample.get('pred_sem_seg', ())

    def restrict(self, sample: Sample,
                 labels: Sequence[int]) -> Dict[str, Any]:
        """See :meth:`BaseSamples.restrict`.

        Raises:
            ValueError: If the sample has no ground truth.
        """
        if 'gt_sem_seg' not in sample:
            raise ValueError(
                'the val pipeline must have a LoadAnnotations, which loads '
                'the ground truth that splits are made from, got a sample '
                f'with {sorted(sample)}')
        truth = _outside_but(labels, sample['gt_sem_seg']['data'])
        predicted = _outside_but(labels, sample['pred_sem_seg']['data'])
        return {
            **without_results(sample), 'gt_sem_seg': dict(data=truth),
            'pred_sem_seg': dict(data=predicted)
        }

    def shown(self, part: Sample) -> Set[int]:
        """The labels of pixels that are not to be ignored."""
        counts = torch.bincount((part['gt_sem_seg']['data'] -
                                 _OUTSIDE).flatten())
        found = (counts.nonzero().flatten() + _OUTSIDE).tolist()
        return set(found) - {_OUTSIDE, IGNORE_INDEX}

    def namings(self, sample: Sample, metric: BaseMetric,
                rule: FoundRule) -> List[Naming]:
        """See :meth:`BaseSamples.namings`.

        A pixel always has a name, the label that is predicted.
        """
        del metric, rule
        size = IGNORE_INDEX + 1
        truth = sample['gt_sem_seg']['data'].flatten().long()
        predicted = sample['pred_sem_seg']['data'].flatten().long()
        pairs = truth * size + predicted.to(truth.device)
        counts = torch.bincount(pairs, minlength=size**2).reshape(size, size)
        return [
            Naming(label, name, weight=int(counts[label, name]))
            for label, name in counts[:IGNORE_INDEX].nonzero().tolist()
        ]


@TASKS.register_module()
class SemanticTask(Task):
    """See :class:`SemanticLabels` and :class:`SemanticSamples`."""

    scope = 'mmseg'
    labels = SemanticLabels
    samples = SemanticSamples()
    primary_metrics = ('mIoU', )

    def shown_classes(self, dataset: BaseDataset, table: ClassTable,
                      keep: Collection[str],
                      others: str) -> Optional[Tuple[str, ...]]:
        """See :meth:`Task.shown_classes`."""
        del others
        return map_classes(dataset, table, keep)

    def check_metric(self, metric: BaseMetric, key: str,
                     split: str) -> None:
        """See :meth:`Task.check_metric`."""
        if split == 'all':
            return
        name = type(metric).__name__
        nan_to_num = getattr(metric, 'nan_to_num', None)
        if nan_to_num is not None:
            raise ValueError(
                f'{key}.nan_to_num must be None, or the classes of other '
                f'splits would enter the means of {name} as {nan_to_num}, got '
                f'{nan_to_num!r}')
        ignore_index = getattr(metric, 'ignore_index', IGNORE_INDEX)
        if ignore_index != IGNORE_INDEX:
            raise ValueError(
                f'{key}.ignore_index must be {IGNORE_INDEX}, the label of '
                'pixels to ignore in the maps of ClassSubset, got '
                f'{ignore_index!r}')

    def paint_to(self, cfg: ConfigDict, folder: str) -> None:
        """See :meth:`Task.paint_to`."""
        cfg.visualizer.save_dir = folder


def _outside_but(labels: Sequence[int], seg_map: torch.Tensor) -> torch.Tensor:
    """A map with all but some labels, and what is ignored, outside."""
    # One look-up per pixel; torch.isin sorts them.
    table = torch.full((IGNORE_INDEX + 1, ), _OUTSIDE, device=seg_map.device)
    for label in (*labels, IGNORE_INDEX):
        table[label] = label
    return table[seg_map.long()]
