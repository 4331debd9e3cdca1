"""The metrics of each split, from the stock evaluator of a config."""
from typing import Any, Dict, List, Mapping, Optional, Sequence

from mmswap.class_table import ALL_SPLITS
from mmswap.config.types import type_name

# Where stock metrics read the ground truth from. Those of splits get it with
# the data samples.
_FILES = ('ann_file', 'seg_prefix')
# The metrics of mmdet that do, and mmswap's twin of one; without files they
# need what stock pipelines do not pack.
_READERS = {
    'CocoMetric': ('ann_file', ),
    'LVISMetric': ('ann_file', ),
    'CocoPanopticMetric': _FILES,
    'PanopticMetric': _FILES,
}
# mmdet's panoptic metric fails for a split without things, or without stuff.
_PANOPTIC = ('collect_device', 'prefix', 'backend_args')


def is_by_split(metrics: Any) -> bool:
    """Whether metrics are given by split, and are not a stock evaluator.

    Args:
        metrics: The argument of ``SwapEvaluator``.
    """
    return isinstance(metrics, Mapping) and 'type' not in metrics


def metrics_by_split(metrics: Any,
                     images: str = 'all') -> Any:
    """The metrics of each split of a ``SwapEvaluator``.

    Args:
        metrics: Its argument: metrics by split, or the stock evaluator, which
            is a metric's config, a list of them, or
            ``dict(type='Evaluator', metrics=...)``.
        images: Which images a split is scored on, ``all`` or ``split``.

    Returns:
        Metrics by split as they are; of a stock evaluator copies for each
        split there may be and, but for ``images='split'``, for ``all``,
        without the files of ground truth, and with ``mmswap.PanopticMetric``
        for mmdet's.

    Raises:
        TypeError: If a metric of a stock evaluator is no config.
    """
    if is_by_split(metrics):
        return metrics
    splits = list(ALL_SPLITS)
    if images != 'split':
        # Data labelled in part, whose image ids may occur twice, has no whole.
        splits.append('all')
    return {
        split: [_without_files(each) for each in stock_metrics(metrics)]
        for split in splits
    }


def stock_metrics(evaluator: Any) -> List[Mapping[str, Any]]:
    """The configs of the metrics of a stock evaluator.

    Args:
        evaluator: As the argument ``metrics`` of ``SwapEvaluator``.

    Raises:
        TypeError: If a metric is no config.
    """
    if isinstance(evaluator, Mapping) and 'metrics' in evaluator:
        evaluator = evaluator['metrics']
    single = isinstance(evaluator, (str, Mapping)) or not isinstance(
        evaluator, Sequence)
    given = [evaluator] if single else list(evaluator)
    for each in given:
        if not isinstance(each, Mapping) or 'type' not in each:
            raise TypeError(
                'val_evaluator.metrics must be the stock evaluator (the '
                'config of a metric, or a list of them, of which each split '
                f'has its own) or a dict of metrics by split, got {each!r}')
    return given


def with_files(metric: Mapping[str, Any],
               dataset: Mapping[str, Any]) -> Dict[str, Any]:
    """A stock metric that reads the ground truth of another data set.

    Args:
        metric: Its config, not changed.
        dataset: The config of the data set that the model is scored on.

    Returns:
        The config, with the files also where the metric of a split was
        without. A metric that reads no files stays as it is, and so does one
        without them where the data set has no COCO json.
    """
    prefix = dataset.get('data_prefix') or {}
    files = dict(
        ann_file=dataset.get('ann_file'),
        seg_prefix=prefix.get('seg') if isinstance(prefix, Mapping) else None)
    root = dataset.get('data_root') or ''
    result = dict(metric)
    is_json = str(files['ann_file']).endswith('.json')
    added = _READERS.get(type_name(metric['type']), ()) if is_json else ()
    for key in _FILES:
        if metric.get(key) is not None or (key in added and files[key]):
            result[key] = _joined(root, files[key])
    return result


def lacks_truth(metric: Mapping[str, Any]) -> bool:
    """Whether a stock metric reads a file, and its config names none.

    Args:
        metric: Its config.
    """
    return 'ann_file' in _READERS.get(
        type_name(metric['type']), ()) and not metric.get('ann_file')


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
