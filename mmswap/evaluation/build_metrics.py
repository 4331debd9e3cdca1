"""Builds the metrics of all splits from the evaluator's config."""
from typing import List, Mapping, Optional, Sequence, Union

from mmengine.evaluator import BaseMetric

from mmswap.class_table import ALL_SPLITS
from mmswap.evaluation.metric_checks import check_config
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
                metric = METRICS.build(metric)
            if any(metric is other.metric for other in built):
                raise ValueError(
                    'val_evaluator.metrics must have a metric of its own for '
                    f'each split, got one {type(metric).__name__} twice')
            built.append(SplitMetric(metric, split, images))
    return built


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
