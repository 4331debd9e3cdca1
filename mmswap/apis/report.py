"""The table at the end of a swap: what was learned, forgotten, retained."""
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

from ..class_table import SPLITS
from ..evaluation.scores import (
    PRIMARY_METRICS,
    accuracy_drop,
    find_primary,
    h_mean,
    swap_score,
)

Metrics = Mapping[str, float]


class Column(NamedTuple):
    """The metrics of the model at one moment of the swap."""

    name: str
    metrics: Metrics


def build_report(columns: Sequence[Column]) -> Dict[str, Any]:
    """Put the columns of a swap together.

    Args:
        columns: The base model first, then one for each phase. Metrics as a
            SwapEvaluator names them: ``retain/coco/bbox_mAP``,
            ``swap/retain`` and so on.

    Returns:
        ``columns``, their names; ``rows``, each a dict of ``split``,
        ``metric`` and ``values`` (one a column, None where not measured);
        ``metrics``, everything measured, by column. The rows ``h_mean`` and
        ``score`` of the split ``swap`` are computed against the base column.
    """
    rows = [
        dict(
            split=split,
            metric=name,
            values=[_split_metric(c.metrics, split, name) for c in columns])
        for name in _shown_metrics(columns) for split in SPLITS
    ]
    rows = [row for row in rows if any(v is not None for v in row['values'])]
    scores = [_scores(columns[0].metrics, column.metrics)
              for column in columns[1:]]
    for name in ('h_mean', 'score'):
        values = [None, *[score.get(name) for score in scores]]
        rows.append(dict(split='swap', metric=name, values=values))
    return dict(
        columns=[column.name for column in columns],
        rows=rows,
        metrics={c.name: dict(c.metrics) for c in columns})


def format_report(report: Mapping[str, Any]) -> str:
    """The rows of a report as a Markdown table that reads well as text.

    Args:
        report: What :func:`build_report` returned.
    """
    lines = [['split', 'metric', *report['columns']]]
    for row in report['rows']:
        values = ['-' if v is None else f'{v:.3f}' for v in row['values']]
        lines.append([row['split'], row['metric'], *values])
    widths = [max(len(cell) for cell in column) for column in zip(*lines)]
    lines.insert(1, ['-' * width for width in widths])
    return '\n'.join(
        '| ' + ' | '.join(_aligned(line, widths)) + ' |' for line in lines)


def primary_metrics(metrics: Metrics) -> Dict[str, float]:
    """The metric that stands for each split, by split.

    Args:
        metrics: What a SwapEvaluator returned.
    """
    return {
        split: metrics[f'swap/{split}']
        for split in SPLITS if f'swap/{split}' in metrics
    }


def _aligned(line: List[str], widths: List[int]) -> List[str]:
    """Names to the left, numbers to the right."""
    return [
        cell.ljust(width) if i < 2 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(line, widths))
    ]


def _split_metric(metrics: Metrics, split: str, name: str) -> Optional[float]:
    """A split's metric by the last parts of its name, None without it."""
    of_split = {
        key: value
        for key, value in metrics.items() if key.startswith(f'{split}/')
    }
    return find_primary(of_split, [name])


def _shown_metrics(columns: Sequence[Column]) -> List[str]:
    """The known metrics that were measured, else every one."""
    known = [
        name for name in PRIMARY_METRICS if any(
            _split_metric(column.metrics, split, name) is not None
            for column in columns for split in SPLITS)
    ]
    if known:
        return known
    names = [
        key.partition('/')[2] for column in columns for key in column.metrics
        if key.partition('/')[0] in SPLITS
    ]
    return list(dict.fromkeys(names))


def _scores(before: Metrics, after: Metrics) -> Dict[str, float]:
    """``h_mean`` and ``score`` of a swap so far, where they are defined."""
    base, now = primary_metrics(before), primary_metrics(after)
    if not now:
        return {}
    retain, drop = now.get('retain'), None
    if 'forget' in base and 'forget' in now:
        drop = accuracy_drop(base['forget'], now['forget'])
    scores = dict(score=swap_score(retain, drop, now.get('learn')))
    if retain is not None and drop is not None:
        scores['h_mean'] = h_mean(retain, drop)
    return scores
