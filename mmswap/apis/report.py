"""The table at the end of a swap: what was learned, forgotten, retained."""
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

from mmswap.class_table import ALL_SPLITS
from mmswap.evaluation.scores import find_primary, swap_scores
from mmswap.tasks.lookup import primary_metrics as primary_names

Metrics = Mapping[str, float]
_SCORES = ('h_mean', 'h_mean_request', 'score')


class Column(NamedTuple):
    """The model at one moment of the swap.

    Attributes:
        name: What the column is called.
        metrics: Its metrics.
        groups: ``changed`` and ``all``, how many adapter groups the phase
            changed and how many there are; None or empty where there is no
            adapter.
    """

    name: str
    metrics: Metrics
    groups: Optional[Mapping[str, int]] = None


def build_report(columns: Sequence[Column]) -> Dict[str, Any]:
    """Put the columns of a swap together.

    Args:
        columns: The base model first, then one for each phase. Metrics as a
            SwapEvaluator names them: ``retain/coco/bbox_mAP``,
            ``swap/retain`` and so on.

    Returns:
        ``columns``, their names; ``rows``, each a dict of ``split``,
        ``metric`` and ``values`` (one a column, None where not measured);
        ``metrics``, everything measured, by column. The rows ``h_mean`` (the
        drop from the pre-trained model), ``h_mean_request`` (from the start
        of the request; of a plan only) and ``score`` of the split ``swap``
        are the evaluator's or, where it gave none, computed against the base
        column.
    """
    rows = [
        dict(
            split=split,
            metric=name,
            values=[_split_metric(c.metrics, split, name) for c in columns])
        for name in _shown_metrics(columns) for split in ALL_SPLITS
    ]
    rows = [row for row in rows if any(v is not None for v in row['values'])]
    scores = [_scores(columns[0].metrics, column.metrics)
              for column in columns[1:]]
    for name in _SCORES:
        values = [None, *[score.get(name) for score in scores]]
        if name != 'h_mean_request' or any(v is not None for v in values):
            rows.append(dict(split='swap', metric=name, values=values))
    rows += _group_rows(columns)
    return dict(
        columns=[column.name for column in columns],
        rows=rows,
        metrics={c.name: dict(c.metrics) for c in columns})


def _group_rows(columns: Sequence[Column]) -> List[Dict[str, Any]]:
    """How many adapter groups each phase changed, of how many."""
    found = [column.groups or {} for column in columns]
    return [
        dict(
            split='adapter',
            metric=title,
            values=[groups.get(key) for groups in found])
        for key, title in (('changed', 'changed groups'), ('all', 'groups'))
        if any(found)
    ]


def format_report(report: Mapping[str, Any]) -> str:
    """The rows of a report as a Markdown table that reads well as text.

    Args:
        report: What :func:`build_report` returned.
    """
    lines = [['split', 'metric', *report['columns']]]
    for row in report['rows']:
        values = [_cell(value) for value in row['values']]
        lines.append([row['split'], row['metric'], *values])
    widths = [max(len(cell) for cell in column) for column in zip(*lines)]
    lines.insert(1, ['-' * width for width in widths])
    return '\n'.join(
        '| ' + ' | '.join(_aligned(line, widths)) + ' |' for line in lines)


def _cell(value: Optional[float]) -> str:
    if value is None:
        return '-'
    return str(value) if isinstance(value, int) else f'{value:.3f}'


def primary_metrics(metrics: Metrics) -> Dict[str, float]:
    """The metric that stands for each split, by split.

    Args:
        metrics: What a SwapEvaluator returned.
    """
    return {
        split: metrics[f'swap/{split}']
        for split in ALL_SPLITS if f'swap/{split}' in metrics
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
        name for name in primary_names() if any(
            _split_metric(column.metrics, split, name) is not None
            for column in columns for split in ALL_SPLITS)
    ]
    if known:
        return known
    names = [
        key.partition('/')[2] for column in columns for key in column.metrics
        if key.partition('/')[0] in ALL_SPLITS
    ]
    return list(dict.fromkeys(names))


def _scores(before: Metrics, after: Metrics) -> Dict[str, float]:
    """The scores of a swap so far, where they are defined.

    The evaluator's own, if it gave them: it knows of requests before.
    """
    own = {
        name: after[f'swap/{name}']
        for name in _SCORES if f'swap/{name}' in after
    }
    if own:
        return own
    return swap_scores(primary_metrics(after), primary_metrics(before))
