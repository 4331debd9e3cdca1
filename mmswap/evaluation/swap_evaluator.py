"""The evaluator that tells what was retained, forgotten and learned."""
import logging
import os
from numbers import Real
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.fileio import load
from mmengine.logging import print_log

from mmswap.class_table import ALL_SPLITS, SPLITS, ClassTable
from mmswap.evaluation.metric_checks import check_config
from mmswap.evaluation.scores import (
    accuracy_drop,
    find_primary,
    h_mean,
    swap_score,
)
from mmswap.evaluation.split_metric import SplitMetric
from mmswap.registry import EVALUATOR, METRICS
from mmswap.tasks.lookup import primary_metrics

Metrics = Union[dict, BaseMetric, Sequence[Union[dict, BaseMetric]]]


@EVALUATOR.register_module()
class SwapEvaluator(Evaluator):
    """Score each split of the classes with metrics of its own.

    The metrics of a split are fed the images that hold an object of the
    split, with the ground truth and the predictions of its classes only; see
    the kind of samples (``DetectionSamples``, ``PanopticSamples``,
    ``SemanticSamples``, ``ImageSamples``) for what that means to a task.
    Those under ``all`` are fed everything, so they give the same numbers as
    in mmengine's ``Evaluator``. The results are called

    - ``<split>/<name>``, such as ``retain/coco/bbox_mAP``;
    - ``swap/<split>``, the primary metric of each split;
    - ``swap/h_mean``, the harmonic mean of ``swap/retain`` and the drop of
      ``swap/forget``, as in GS-LoRA;
    - ``swap/score``, the harmonic mean of ``swap/retain``, the drop of
      ``swap/forget`` and ``swap/learn``, of those that there are.

    The drop is taken from what the model scored before the swap, so the last
    two are reported only where that is known (``before``). A split of which
    the data set has no image is left out, with a warning.

    Args:
        metrics: Metrics by split: ``retain``, ``forget``, ``learn``, ``all``
            or some of these, and, where requests follow one another,
            ``forgotten_before`` and ``missing``. Each is a metric or its
            config, or a list of those, without ``ann_file``.
        classes: ``dict(base=..., learn=..., forget=...)``, the class table.
            Defaults to None, then it is the ``swap_classes`` of the data
            set's metainfo, which ``mmswap.ClassSubset`` writes.
        before: Primary metrics before the swap: a dict of them by split, or
            the path of a json file with the keys ``swap/forget`` or
            ``forget`` and the like, such as mmengine's test loop leaves.
            Defaults to None, then it is what the run measured before training
            (:meth:`set_before`), if it did.
        primary: Name of the primary metric, such as ``bbox_mAP_50`` or
            ``coco/bbox_mAP``. Defaults to None, the first of segm_mAP,
            bbox_mAP, PQ, mIoU and accuracy/top1 that a split has.

    Raises:
        TypeError: If an argument has a wrong type, or a metric cannot be
            used by split.
        ValueError: If ``metrics`` has another key, an ``ann_file`` or
            settings that make it count other classes, or the class table or
            ``before`` is wrong.

    Examples:
        >>> val_evaluator = dict(
        ...     type='mmswap.SwapEvaluator',
        ...     metrics=dict(
        ...         retain=dict(type='CocoMetric', metric=['bbox', 'segm']),
        ...         forget=dict(type='CocoMetric', metric=['bbox', 'segm']),
        ...         learn=dict(type='CocoMetric', metric=['bbox', 'segm'])))
    """

    def __init__(self,
                 metrics: Mapping[str, Metrics],
                 classes: Union[Mapping[str, Any], ClassTable, None] = None,
                 before: Union[Mapping[str, float], str, os.PathLike,
                               None] = None,
                 primary: Optional[str] = None) -> None:
        super().__init__(_build_metrics(metrics))
        self.primary = primary
        self.before = None if before is None else _read_before(before)
        self.class_table: Optional[ClassTable] = None
        self._own_table = classes is not None
        if classes is not None:
            self._use_table(ClassTable.from_cfg(classes))

    @Evaluator.dataset_meta.setter
    def dataset_meta(self, dataset_meta: Optional[dict]) -> None:
        """Set the meta information of the data set, and find the splits.

        Raises:
            ValueError: If the class table is not known, or the data set has
                other classes than it.
        """
        Evaluator.dataset_meta.fset(self, dataset_meta)
        meta = dataset_meta or {}
        table = self.class_table
        if table is None or not self._own_table:
            if 'swap_classes' not in meta:
                raise ValueError(
                    'val_evaluator.classes must be a dict(base=..., '
                    'learn=..., forget=...) where the data set does not tell '
                    "its splits ('swap_classes' in its metainfo, which "
                    'mmswap.ClassSubset writes), got None and a metainfo '
                    f'with {sorted(meta)}')
            table = ClassTable.from_cfg(meta['swap_classes'])
            self._use_table(table)
        names = meta.get('classes')
        if names is not None and tuple(names) != table.names:
            raise ValueError(
                'val_dataloader.dataset must have the classes of the class '
                f'table, in its order: {list(table.names)}, got '
                f"{list(names)}; mmswap.ClassSubset with keep='all' maps the "
                'labels of any data set')

    def set_before(self, before: Mapping[str, float]) -> None:
        """Tell what the model scored as the phase began.

        Args:
            before: Primary metrics by split, as the argument of that name.
        """
        self.before = _check_before(before, 'before')

    def evaluate(self, size: int) -> Dict[str, float]:
        """Compute the metrics of all splits and the scores of the swap.

        Args:
            size: Length of the data set, as in mmengine's ``Evaluator``.

        Returns:
            All results by name, in the units of the metrics.

        Raises:
            ValueError: If two metrics of a split have the same name, or
                ``primary`` is not one of a split's metrics.
        """
        results = super().evaluate(size)
        accuracy = self._primaries(results)
        summary = {f'swap/{split}': acc for split, acc in accuracy.items()}
        return {**results, **summary, **self._scores(accuracy)}

    def _use_table(self, table: ClassTable) -> None:
        """Tell each metric the labels of its split."""
        self.class_table = table
        splits = set()
        for metric in self.metrics:
            # Others can have been added: tools/test.py --out of mmdet does.
            if isinstance(metric, SplitMetric):
                metric.labels = table.labels(metric.split)
                splits.add(metric.split)
        if self.before is not None and 'forget' not in self.before and (
                'forget' in splits and table.forget):
            raise ValueError(
                'val_evaluator.before must have the key forget, the primary '
                'metric of the classes to forget before the swap, got '
                f'{self.before}')

    def _primaries(self, results: Mapping[str, float]) -> Dict[str, float]:
        """The primary metric of each split that has results."""
        names = primary_metrics() if self.primary is None else (
            self.primary, )
        found = {}
        for split in ALL_SPLITS:
            of_split = {
                name: value
                for name, value in results.items()
                if name.startswith(f'{split}/')
            }
            value = find_primary(of_split, names)
            if value is not None:
                found[split] = value
            elif of_split and self.primary is not None:
                raise ValueError(
                    f'val_evaluator.primary must be a metric of {split}, got '
                    f'{self.primary!r}; it has {sorted(of_split)}')
            elif of_split:
                print_log(
                    f'The split {split!r} has none of {names}, so '
                    'it is not part of the swap scores; '
                    'val_evaluator.primary can name another metric.',
                    logger='current',
                    level=logging.WARNING)
        return found

    def _scores(self, accuracy: Mapping[str, float]) -> Dict[str, float]:
        """``h_mean`` and ``score``, where it is known what was before."""
        before = self.before
        if not before or not accuracy:
            return {}
        retain, learn = accuracy.get('retain'), accuracy.get('learn')
        if 'forget' not in accuracy:
            return {'swap/score': swap_score(retain, learn=learn)}
        if 'forget' not in before:
            return {}
        drop = accuracy_drop(before['forget'], accuracy['forget'])
        scores = {'swap/score': swap_score(retain, drop, learn)}
        if retain is not None:
            scores['swap/h_mean'] = h_mean(retain, drop)
        return scores


def _build_metrics(metrics: Mapping[str, Metrics]) -> List[SplitMetric]:
    """Build the metrics of all splits."""
    known = (*ALL_SPLITS, 'all')
    if not isinstance(metrics, Mapping):
        raise TypeError('val_evaluator.metrics must be a dict of metrics by '
                        f'split, {known}, got {metrics!r}')
    if not metrics or not set(metrics) <= set(known):
        raise ValueError('val_evaluator.metrics must have some of the keys '
                         f'{known}, got {list(metrics)}')
    built: List[SplitMetric] = []
    for split, given in metrics.items():
        for metric in given if isinstance(given, Sequence) else [given]:
            if isinstance(metric, dict):
                check_config(metric, split)
                metric = METRICS.build(metric)
            if any(metric is other.metric for other in built):
                raise ValueError(
                    'val_evaluator.metrics must have a metric of its own for '
                    f'each split, got one {type(metric).__name__} twice')
            built.append(SplitMetric(metric, split))
    return built


def _read_before(
    before: Union[Mapping[str, float], str,
                  os.PathLike]) -> Dict[str, float]:
    """The primary metrics before the swap, from a config or a json file."""
    key = 'val_evaluator.before'
    if isinstance(before, Mapping):
        return _check_before(before, key)
    if not isinstance(before, (str, os.PathLike)):
        raise TypeError(f'{key} must be a dict of metrics by split or the '
                        f'path of a json file, got {before!r}')
    # By its format, not its name: load() would unpickle a .pkl.
    values = load(os.fspath(before), file_format='json')
    if not isinstance(values, Mapping):
        raise ValueError(f'{key} must be a json file of metrics by name, got '
                         f'a {type(values).__name__} in {before}')
    return _check_before(values, f'{key} ({before})')


def _check_before(values: Mapping[str, Any], source: str) -> Dict[str, float]:
    """Pick the metric of each split, ``swap/<split>`` or ``<split>``."""
    found = {}
    for split in SPLITS:
        value = values.get(f'swap/{split}', values.get(split))
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, Real):
            raise TypeError(f'{source} must have numbers, got {value!r} for '
                            f'{split}')
        found[split] = float(value)
    if not found:
        raise ValueError(f'{source} must have some of the keys {SPLITS}, '
                         f"also written 'swap/<split>', got {list(values)}")
    return found
