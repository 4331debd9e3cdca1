"""Builds the metrics of all splits from the evaluator's config."""
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

from mmengine.evaluator import BaseMetric

from mmswap.class_table import ALL_SPLITS, ClassTable
from mmswap.evaluation.metric_checks import check_config, check_found
from mmswap.evaluation.name_metric import NameMetric
from mmswap.evaluation.split_metric import SplitMetric
from mmswap.registry import METRICS

Metrics = Union[dict, BaseMetric, Sequence[Union[dict, BaseMetric]]]
Subsets = Mapping[str, Sequence[str]]


def build_metrics(metrics: Mapping[str, Metrics],
                  images: str = 'all',
                  subsets: Optional[Subsets] = None) -> List[SplitMetric]:
    """Build the metrics of all splits and subsets.

    Args:
        metrics: Metrics by split, as ``SwapEvaluator`` takes them.
        images: ``all`` or ``split``, see :class:`SplitMetric`.
        subsets: Names of further sets of classes, each of which gets the
            metrics of ``forget``. Defaults to None, no further ones.

    Raises:
        TypeError: If ``metrics`` is no dict of metrics or their configs, or
            those of ``forget`` are no configs, of which subsets could have
            their own.
        ValueError: If ``metrics`` or ``subsets`` has a wrong key, or a metric
            is there twice or cannot be used by split.
    """
    known = (*ALL_SPLITS, 'all')
    if not isinstance(metrics, Mapping):
        raise TypeError('val_evaluator.metrics must be a dict of metrics by '
                        f'split, {known}, got {metrics!r}')
    if not metrics or not set(metrics) <= set(known):
        raise ValueError('val_evaluator.metrics must have some of the keys '
                         f'{known}, got {list(metrics)}')
    wanted = {**metrics, **_of_subsets(metrics, subsets or {})}
    built: List[SplitMetric] = []
    for split, given in wanted.items():
        for metric in _as_list(given):
            if isinstance(metric, dict):
                check_config(metric, split)
                metric = _by_class(metric)
            if any(metric is other.metric for other in built):
                raise ValueError(
                    'val_evaluator.metrics must have a metric of its own for '
                    f'each split, got one {type(metric).__name__} twice')
            built.append(SplitMetric(metric, split, images))
    return built


def _by_class(cfg: dict) -> BaseMetric:
    """Build a metric; one that can tell the figure of each class does.

    Before and after a swap, each class is what is looked at.
    """
    metric = METRICS.build(cfg)
    if 'classwise' not in cfg and hasattr(metric, 'classwise'):
        metric.classwise = True
    return metric


def build_name_metric(metrics: Sequence[BaseMetric],
                      found: Mapping[str, Any]) -> Optional[NameMetric]:
    """Build the metric that says what objects are called.

    Args:
        metrics: Those of all splits.
        found: The arguments of :class:`NameMetric` that differ from their
            defaults.

    Returns:
        The metric; None if there is none of a split, so that nothing is known
        of the samples.

    Raises:
        TypeError: If ``found`` is no dict.
        ValueError: If it has a wrong key or value.
    """
    check_found(found)
    for metric in metrics:
        if isinstance(metric, SplitMetric) and metric.split != 'all':
            return NameMetric(metric, **found)
    return None


def labels_of_splits(table: ClassTable,
                     subsets: Subsets) -> Dict[str, Tuple[int, ...]]:
    """The labels of all splits and subsets.

    Args:
        table: The class table.
        subsets: The class names of each subset.

    Raises:
        ValueError: If a subset is empty or names a class that is not there.
    """
    labels = {split: table.labels(split) for split in (*ALL_SPLITS, 'all')}
    for subset, wanted in subsets.items():
        unknown = [name for name in wanted if name not in table.names]
        if unknown or not wanted:
            raise ValueError(
                f'val_evaluator.subsets[{subset!r}] must name classes of '
                f'the class table, {list(table.names)}, got {wanted}')
        labels[subset] = tuple(map(table.names.index, wanted))
    return labels


def _of_subsets(metrics: Mapping[str, Metrics],
                subsets: Subsets) -> Mapping[str, Metrics]:
    """The metrics of each subset: those of the split ``forget``."""
    wrong = [n for n in subsets if n in (*ALL_SPLITS, 'all') or '/' in n]
    if wrong:
        raise ValueError('val_evaluator.subsets must have names that are no '
                         f'splits and have no slash, got {wrong}')
    if not subsets:
        return {}
    forget = metrics.get('forget', [])
    if not forget or not all(isinstance(m, dict) for m in _as_list(forget)):
        raise TypeError(
            'val_evaluator.metrics.forget must be the config of a metric, or '
            'a list of configs, as each of val_evaluator.subsets has such '
            f'metrics of its own, got {forget!r}')
    return {name: forget for name in subsets}


def _as_list(given: Metrics) -> Sequence[Union[dict, BaseMetric]]:
    """One metric or several, as a sequence."""
    return given if isinstance(given, Sequence) else [given]
