"""A metric that says what the objects of each split are called."""
import math
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log
from mmengine.structures import BaseDataElement

from mmswap.class_table import ClassTable
from mmswap.evaluation.name_counts import NameCounts
from mmswap.evaluation.score_tables import new_name_lines
from mmswap.evaluation.split_metric import SplitMetric
from mmswap.tasks.lookup import samples_of
from mmswap.tasks.naming import FoundRule, Naming

Background = Union[str, Sequence[str], None]
Labels = Tuple[int, ...]
Sample = Union[BaseDataElement, dict]
_COUNTS = 'counts'
# Of the new names so many are metrics, the most frequent ones.
_NEW_NAMES = 5


class NameMetric(BaseMetric):
    """Find out what the objects of each split are called.

    Other than a :class:`SplitMetric` it is fed all classes at once: an object
    of one split may have a name of another.

    Args:
        beside: The metric of a split. It tells what the samples are, and how
            results of ranks are collected.
        min_iou: The least IoU of an object, or a segment, with a prediction
            that finds it. Defaults to 0.5, the loosest of COCO's.
        min_score: The least score of a prediction that counts, of boxes and
            instances. Defaults to 0.3, from which mmdet draws.
        background: Class names that say that nothing is there: what is of
            another class and called so is unseen. Defaults to None, the class
            ``background`` where there is one.

    Attributes:
        counts: What the last evaluation found, of all ranks; None before it.
    """

    default_prefix = 'names'

    def __init__(self,
                 beside: SplitMetric,
                 min_iou: float = 0.5,
                 min_score: float = 0.3,
                 background: Background = None) -> None:
        super().__init__(
            collect_device=beside.collect_device,
            collect_dir=beside.collect_dir)
        self.rule = FoundRule(min_iou, min_score)
        self.counts: Optional[NameCounts] = None
        self._beside = beside.metric
        self._background = background
        self._table: Optional[ClassTable] = None
        self._labels: Dict[str, Labels] = {}
        self._background_labels: Labels = ()

    def use_table(self, table: ClassTable, labels: Mapping[str, Labels],
                  splits: Sequence[str]) -> None:
        """Set the class table.

        Args:
            table: The class table.
            labels: The labels of each split.
            splits: The splits that are scored. They are told of, but for
                ``all``.

        Raises:
            ValueError: If ``background`` names a class that is not there.
        """
        given = self._background
        names = (given, ) if isinstance(given, str) else given or ()
        unknown = [name for name in names if name not in table.names]
        if unknown:
            raise ValueError(
                'val_evaluator.found.background must name classes of the '
                f'class table, {list(table.names)}, got {unknown}')
        if given is None:
            names = [n for n in table.names if n == 'background']
        self._background_labels = tuple(map(table.names.index, names))
        self._table = table
        self._labels = {s: labels[s] for s in splits if s != 'all'}

    def process(self, data_batch: Any,
                data_samples: Sequence[Sample]) -> None:
        """Keep what the objects of each sample are called.

        Args:
            data_batch: Not used.
            data_samples: Ground truth and predictions of a batch of images.
        """
        del data_batch
        for sample in data_samples:
            if isinstance(sample, BaseDataElement):
                sample = sample.to_dict()
            kind = samples_of(sample, self._beside)
            # One entry for each sample, also of a kind that cannot tell.
            self.results.append(
                kind.namings(sample, self._beside, self.rule) or [])

    def compute_metrics(self, results: List[List[tuple]]) -> Dict[str, Any]:
        """Count what all objects are called.

        Args:
            results: What the objects of each sample are called.
        """
        # mmengine has made plain tuples of them.
        namings = (Naming(*each) for result in results for each in result)
        return {_COUNTS: NameCounts(namings, self._background_labels)}

    def evaluate(self, size: int) -> Dict[str, float]:
        """Say what the objects of each split are called, and log new names.

        Args:
            size: Length of the data set, as in mmengine's ``BaseMetric``.

        Returns:
            By split, such as ``forget/named``, what
            :meth:`NameCounts.shares` tells; ``forget/renamed_to_retain`` and
            ``forget/renamed_to_learn``, the shares of objects that have the
            name of a retained and of a learned class; and the five most
            frequent new names, such as ``forget/renamed_to/cat``. The same
            on all ranks. Splits without objects are left out.
        """
        found = super().evaluate(size)
        self.counts = found[f'{self.prefix}/{_COUNTS}']
        metrics = {}
        for split, labels in self._labels.items():
            for name, value in self._of_split(labels).items():
                metrics[f'{split}/{name}'] = value
        for line in new_name_lines(metrics):
            print_log(line, logger='current')
        return metrics

    def as_dict(self) -> Dict[str, Any]:
        """All that the last evaluation found, for a json file.

        Returns:
            ``splits``, the class names of each split; ``min_iou`` and
            ``min_score``; and what :meth:`NameCounts.as_dict` tells. Empty
            before an evaluation.
        """
        if self.counts is None or self._table is None:
            return {}
        names = self._table.names
        splits = {
            split: [names[label] for label in labels]
            for split, labels in self._labels.items()
        }
        return dict(
            splits=splits, **self.rule._asdict(), **self.counts.as_dict(names))

    def _of_split(self, labels: Sequence[int]) -> Dict[str, float]:
        counts, table = self.counts, self._table
        if counts is None or table is None:
            return {}
        shares = counts.shares(labels)
        if not shares:
            return {}
        new_names = counts.new_names(labels)
        for split in ('retain', 'learn'):
            of_split = table.labels(split)
            if of_split:
                shares[f'renamed_to_{split}'] = math.fsum(
                    share for label, share in new_names.items()
                    if label in of_split)
        for label, share in list(new_names.items())[:_NEW_NAMES]:
            shares[f'renamed_to/{table.names[label]}'] = share
        return shares
