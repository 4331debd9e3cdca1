"""The metrics of each split, from the stock evaluator of a config."""
from typing import Any, Dict, List, Mapping, Optional, Sequence

from mmswap.class_table import ALL_SPLITS, ClassTable
from mmswap.config.types import type_name

# Where stock metrics read the ground truth from. Those of splits get it with
# the data samples.
_FILES = ('ann_file', 'seg_prefix')
# mmdet's panoptic metric fails for a split without things, or without stuff.
_PANOPTIC = ('collect_device', 'prefix', 'backend_args')


def metrics_by_split(evaluator: Mapping[str, Any],
                     table: Optional[ClassTable] = None) -> Dict[str, Any]:
    """The metrics of each split of a ``SwapEvaluator``.

    Args:
        evaluator: Its config, with ``metrics`` by split, or with ``metric``,
            the stock evaluator: a metric's config, a list of them, or
            ``dict(type='Evaluator', metrics=...)``.
        table: The class table; None where it is not known yet.

    Returns:
        ``metrics`` as it is, or copies of ``metric`` for each split that has a
        class and, unless ``images='split'``, for ``all``: without the files of
        ground truth, and with ``mmswap.PanopticMetric`` for mmdet's.

    Raises:
        TypeError: If a metric of ``metric`` is no config.
        ValueError: If both or neither are there.
    """
    metrics, metric = evaluator.get('metrics'), evaluator.get('metric')
    if (metrics is None) == (metric is None):
        raise ValueError(
            'val_evaluator must have either metric, the stock evaluator, or '
            f'metrics by split, got metric={metric!r} and metrics={metrics!r}')
    if metrics is not None:
        return metrics
    splits = [split for split in ALL_SPLITS
              if table is None or table.labels(split)]
    if evaluator.get('images') != 'split':
        # Data labelled in part, whose image ids may occur twice, has no whole.
        splits.append('all')
    return {
        split: [_without_files(each) for each in stock_metrics(metric)]
        for split in splits
    }


def stock_metrics(metric: Any) -> List[Mapping[str, Any]]:
    """The configs of the metrics of a stock evaluator.

    Args:
        metric: As the argument of ``SwapEvaluator``.

    Raises:
        TypeError: If a metric is no config.
    """
    if isinstance(metric, Mapping) and 'metrics' in metric:
        metric = metric['metrics']
    given = metric if isinstance(metric, Sequence) else [metric]
    for each in given:
        if not isinstance(each, Mapping) or 'type' not in each:
            raise TypeError(
                'val_evaluator.metric must be the config of a metric, or a '
                'list of them, of which each split has its own, got '
                f'{each!r}')
    return list(given)


def with_files(metric: Mapping[str, Any],
               dataset: Mapping[str, Any]) -> Dict[str, Any]:
    """A stock metric that reads the ground truth of another data set.

    Args:
        metric: Its config, not changed.
        dataset: The config of the data set that the model is scored on.

    Returns:
        The config. A metric that reads no files stays as it is.
    """
    prefix = dataset.get('data_prefix') or {}
    files = dict(
        ann_file=dataset.get('ann_file'),
        seg_prefix=prefix.get('seg') if isinstance(prefix, Mapping) else None)
    root = dataset.get('data_root') or ''
    result = dict(metric)
    for key in _FILES:
        if metric.get(key) is not None:
            result[key] = _joined(root, files[key])
    return result


def _joined(root: str, path: Optional[str]) -> Optional[str]:
    """A path as mmengine's data sets join it to ``data_root``."""
    if not path or not root or path.startswith('/') or '://' in path:
        return path
    return f'{root.rstrip("/")}/{path}'


def _without_files(metric: Mapping[str, Any]) -> Dict[str, Any]:
    if type_name(metric['type']) == 'CocoPanopticMetric':
        kept = {key: metric[key] for key in _PANOPTIC if key in metric}
        return dict(kept, type='mmswap.PanopticMetric')
    return {key: value for key, value in metric.items() if key not in _FILES}
