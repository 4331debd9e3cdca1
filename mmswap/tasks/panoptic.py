"""Panoptic segmentation, of mmdet."""
from typing import Any, Collection, Dict, List, Mapping, Sequence, Set

import torch
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric

from mmswap.class_table import ClassTable
from mmswap.config.coco_categories import read_category_list
from mmswap.registry import TASKS
from mmswap.tasks.base_labels import IGNORE_INDEX, DataInfo
from mmswap.tasks.base_samples import BaseSamples, Sample, without_results
from mmswap.tasks.detection import InstanceLabels, InstanceTask
from mmswap.tasks.naming import FoundRule, Naming, name_objects
from mmswap.tasks.panoptic_metric import PanopticMetric, check_ground_truth
from mmswap.tasks.panoptic_quality import segment_ious

# A label of predicted maps: neither a class nor to be ignored.
_OUTSIDE = -1


class PanopticLabels(InstanceLabels):
    """The labels of ``data_info['segments_info']`` and of its instances.

    That is mmdet's ``CocoPanopticDataset``: each segment has its ``category``
    and ``is_thing``, and the things have an instance each, in the same order.
    A crowd is a segment of a thing's class with ``is_thing=False``. mmdet's
    ``LoadPanopticAnnotations`` makes a mask of each ``is_thing`` segment, and
    writes the category of every segment into the semantic map.

    Args:
        dataset: The data set, fully initialized.
        table: The class table.

    Raises:
        ValueError: If ``classes.stuff`` is not what the data set calls stuff.
    """

    refused = dict(text='class names as a prompt (return_classes=True)')

    def __init__(self, dataset: BaseDataset, table: ClassTable) -> None:
        super().__init__(dataset, table)
        categories = {
            category['id']: category
            for category in read_category_list(
                dataset.ann_file, getattr(dataset, 'backend_args', None))
        }
        ordered = [categories[cat_id] for cat_id in dataset.cat_ids]
        self._things = {i for i, c in enumerate(ordered) if c['isthing']}
        shown = [c for c in ordered if c['name'] in table.names]
        wrong = [
            c['name'] for c in shown
            if bool(c['isthing']) == (c['name'] in table.stuff)
        ]
        if wrong:
            raise ValueError(
                f'classes.stuff must name the stuff classes, as things come '
                f'before stuff, got {list(table.stuff)}, but {wrong} are '
                f'otherwise in {dataset.ann_file!r}')

    @staticmethod
    def matches(data_info: DataInfo) -> bool:
        """Whether there is a list of segments."""
        return 'segments_info' in data_info

    def labels_of(self,
                  data_info: DataInfo,
                  with_ignored: bool = False) -> Set[int]:
        """See :meth:`BaseLabels.labels_of`; crowds are to be ignored."""
        return {
            segment['category']
            for segment in data_info['segments_info']
            if with_ignored or segment['is_thing']
            or segment['category'] not in self._things
        }

    def select(self, data_info: DataInfo, label_map: Mapping[int, int],
               keep: Collection[int], others: str) -> Dict[str, Any]:
        """See :meth:`BaseLabels.select`.

        The pixels of segments of other classes become void. ``ignore`` keeps
        these segments as void ones, so that metrics can tell them, and the
        instances of things as ignored ones, each with its mask.
        """
        segments = []
        for segment in data_info['segments_info']:
            label = label_map.get(segment['category'])
            if label in keep:
                segments.append({**segment, 'category': label})
            elif others == 'ignore':
                segments.append({**segment, 'category': IGNORE_INDEX})
        return {
            **super().select(data_info, label_map, keep, others),
            'segments_info': segments
        }


class PanopticSamples(BaseSamples):
    """mmdet's samples of panoptic segmentation, for ``PanopticMetric``.

    They have predictions in ``pred_panoptic_seg`` and ground truth in
    ``segments_info``. An image shows the classes of its segments, crowds
    included. Segments of classes outside the split need not be found, but
    they are not void: a segment of the split that is predicted there is a
    false positive.
    """

    def matches(self, sample: Sample, metric: BaseMetric) -> bool:
        """Whether there are predicted segments, and they are asked for.

        A panoptic model may predict instances too, for other metrics.
        """
        return 'pred_panoptic_seg' in sample and isinstance(
            metric, PanopticMetric)

    def restrict(self, sample: Sample,
                 labels: Sequence[int]) -> Dict[str, Any]:
        """See :meth:`BaseSamples.restrict`.

        Raises:
            ValueError: If the sample has no ground truth.
        """
        from mmdet.evaluation.functional import INSTANCE_OFFSET
        check_ground_truth(sample)
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
                **panoptic_seg, 'sem_seg': ids.masked_fill(other, _OUTSIDE)
            }
        }

    def shown(self, part: Sample) -> Set[int]:
        """The labels of segments that are not void."""
        categories = {s['category'] for s in part['segments_info']}
        return categories - {IGNORE_INDEX}

    def namings(self, sample: Sample, metric: BaseMetric,
                rule: FoundRule) -> List[Naming]:
        """See :meth:`BaseSamples.namings`, and :func:`name_objects`.

        All segments that are predicted are shown; they have no score.
        """
        segments = metric.read(sample)
        truth, found = list(segments.truth), list(segments.predicted)
        ious = segment_ious(segments.truth_ids, truth, segments.predicted_ids,
                            found)
        named = name_objects(
            ious, list(segments.truth.values()),
            [each in segments.crowds for each in truth],
            list(segments.predicted.values()), [1.] * len(found),
            rule._replace(min_score=0.))
        return [each._replace(score=None) for each in named]


@TASKS.register_module()
class PanopticTask(InstanceTask):
    """See :class:`PanopticLabels` and :class:`PanopticSamples`."""

    labels = PanopticLabels
    samples = PanopticSamples()
    primary_metrics = ('PQ', )

    def check_metric(self, metric: BaseMetric, key: str,
                     split: str) -> None:
        """See :meth:`Task.check_metric`."""
        del split  # Not for ``all`` either.
        if type(metric).__name__ == 'CocoPanopticMetric':
            raise ValueError(
                f'{key} must be mmswap.PanopticMetric, which gives the same '
                'numbers, got CocoPanopticMetric: that one fails for a split '
                'without things or without stuff, and writes into the '
                'predictions that all metrics are fed')
