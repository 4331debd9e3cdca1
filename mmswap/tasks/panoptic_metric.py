"""Panoptic quality from data samples alone."""
from typing import (
    Any,
    Collection,
    Dict,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
)

import numpy as np
from mmengine.evaluator import BaseMetric
from mmengine.fileio import get

from mmswap.registry import METRICS
from mmswap.tasks.panoptic_ids import ids_of_colours
from mmswap.tasks.panoptic_quality import (
    VOID_ID,
    match_segments,
    mean_qualities,
)


class Segments(NamedTuple):
    """The segments of an image, as :func:`match_segments` takes them.

    Attributes:
        truth_ids: The id of the true segment of each pixel, (h, w).
        truth: The label of each true segment.
        crowds: Ids of those that are crowds, which need not be found.
        predicted_ids: The id of the predicted segment of each pixel, (h, w).
        predicted: The label of each predicted segment.
    """

    truth_ids: np.ndarray
    truth: Dict[int, int]
    crowds: Set[int]
    predicted_ids: np.ndarray
    predicted: Dict[int, int]


@METRICS.register_module()
class PanopticMetric(BaseMetric):
    """Panoptic, segmentation and recognition quality (PQ, SQ, RQ).

    The numbers are those of mmdet's ``CocoPanopticMetric``: in percent, means
    over the classes that occur or are predicted, once over all of them and
    once over things (``PQ_th``) and stuff (``PQ_st``). Other than that one it
    needs neither ``ann_file`` nor panopticapi, writes no files, leaves the
    predictions as they are, and does without things or without stuff where a
    split has none.

    The ground truth comes with the data samples of a ``ClassSubset``; of
    another data set, ``meta_keys`` of ``PackDetInputs`` have to contain
    ``segments_info`` and ``seg_map_path``.

    Args:
        backend_args: Storage backend of the segment maps, as mmengine takes
            it. Defaults to None.
        collect_device: Where results of ranks are collected, ``cpu`` or
            ``gpu``. Defaults to ``cpu``.
        prefix: Prefix of the names of the numbers. Defaults to None, which is
            ``coco_panoptic``.
    """

    default_prefix = 'coco_panoptic'

    def __init__(self,
                 backend_args: Optional[dict] = None,
                 collect_device: str = 'cpu',
                 prefix: Optional[str] = None) -> None:
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.backend_args = backend_args

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Match the segments of a batch of images.

        Args:
            data_batch: Not used.
            data_samples: Ground truth and predictions.

        Raises:
            ValueError: If a sample lacks its ground truth.
        """
        del data_batch
        num_classes = len(self.dataset_meta['classes'])
        self.results.extend(
            match_segments(*self.read(sample), num_classes)
            for sample in data_samples)

    def read(self, sample: Mapping[str, Any]) -> Segments:
        """The true and the predicted segments of an image.

        Args:
            sample: Its data sample.

        Raises:
            ValueError: If the sample lacks its ground truth.
        """
        check_ground_truth(sample)
        num_classes = len(self.dataset_meta['classes'])
        truth, crowds, void = _sort_segments(sample['segments_info'],
                                             self._things(), num_classes)
        truth_ids = ids_of_colours(
            get(sample['seg_map_path'], backend_args=self.backend_args))
        truth_ids[np.isin(truth_ids, void)] = VOID_ID
        return Segments(
            truth_ids, truth, crowds,
            *predicted_segments(sample['pred_panoptic_seg'], num_classes))

    def compute_metrics(self, results: List[np.ndarray]) -> Dict[str, float]:
        """Compute the qualities.

        Args:
            results: What :func:`match_segments` found in each image.

        Returns:
            ``PQ``, ``SQ`` and ``RQ`` of all classes, of things and of stuff,
            as far as there are any.
        """
        total = np.sum(results, axis=0)
        things = np.isin(np.arange(len(total)), list(self._things()))
        everything = np.ones_like(things)
        metrics = {}
        for suffix, classes in (('', everything), ('_th', things),
                                ('_st', ~things)):
            metrics.update({
                f'{name}{suffix}': value
                for name, value in mean_qualities(total[classes]).items()
            })
        return metrics

    def _things(self) -> Set[int]:
        """The labels of things."""
        meta = self.dataset_meta or {}
        if 'thing_classes' not in meta:
            raise ValueError(
                'the metainfo of the data set must name thing_classes, as '
                "mmdet's CocoPanopticDataset does, got one with "
                f'{sorted(meta)}')
        return {
            label
            for label, name in enumerate(meta['classes'])
            if name in meta['thing_classes']
        }


def check_ground_truth(sample: Mapping[str, Any]) -> None:
    """Refuse a sample without the keys that ground truth is made from.

    Args:
        sample: The data sample of an image.

    Raises:
        ValueError: If it lacks one.
    """
    if not {'segments_info', 'seg_map_path'} <= set(sample):
        raise ValueError(
            'val_dataloader.dataset must be a mmswap.ClassSubset, which gives '
            'samples the ground truth of PanopticMetric, or meta_keys of '
            "PackDetInputs must contain 'segments_info' and 'seg_map_path', "
            f'got a sample with {sorted(sample)}')


def _sort_segments(
        segments: Sequence[Mapping[str, Any]], things: Collection[int],
        num_classes: int) -> Tuple[Dict[int, int], Set[int], List[int]]:
    """Labels of true segments, ids of the crowds, ids of those of no class.

    The last are those that ClassSubset ignores.
    """
    truth = {
        s['id']: s['category']
        for s in segments if s['category'] < num_classes
    }
    crowds = {
        s['id']
        for s in segments if s['category'] in things and not s['is_thing']
    }
    return truth, crowds, [s['id'] for s in segments if s['id'] not in truth]


def predicted_segments(
        panoptic_seg: Mapping[str, Any],
        num_classes: int) -> Tuple[np.ndarray, Dict[int, int]]:
    """The segments that a panoptic model of mmdet predicts.

    Args:
        panoptic_seg: Its ``pred_panoptic_seg``, with ``sem_seg`` (1, h, w).
        num_classes: Of the model.

    Returns:
        The id of each pixel's segment, from 1, (h, w), and the label of each
        segment; pixels of no class have ids without one.
    """
    from mmdet.evaluation.functional import INSTANCE_OFFSET
    values, ids = np.unique(
        panoptic_seg['sem_seg'].cpu().numpy()[0], return_inverse=True)
    labels = values % INSTANCE_OFFSET
    ignored = panoptic_seg.get('ignore_index', num_classes)
    predicted = {
        i + 1: label
        for i, label in enumerate(labels.tolist())
        if values[i] >= 0 and label < num_classes and label != ignored
    }
    # numpy 2.0 alone gives the inverse the shape of its input.
    return ids.reshape(panoptic_seg['sem_seg'].shape[-2:]) + 1, predicted
