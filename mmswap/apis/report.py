"""The table at the end of a swap: what was learned, forgotten, retained."""
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

from mmswap.apis.gates import gate_line
from mmswap.class_table import ALL_SPLITS
from mmswap.evaluation.score_tables import (
    cell,
    format_table,
    new_name_lines,
    shown_metrics,
    shown_shares,
    split_metric,
)
from mmswap.evaluation.scores import swap_scores

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
        ``metrics``, everything measured, by column; ``new_names``, lines that
        tell what renamed objects are called, by column. The rows ``h_mean``
        (the drop from the pre-trained model), ``h_mean_request`` (from the
        start of the request; of a plan only) and ``score`` of the split
        ``swap`` are the evaluator's or, where it gave none, computed against
        the base column.
    """
    rows = [
        dict(
            split=split,
            metric=name,
            values=[split_metric(c.metrics, split, name) for c in columns])
        for name in shown_metrics([c.metrics for c in columns])
        for split in ALL_SPLITS
    ]
    rows = [row for row in rows if any(v is not None for v in row['values'])]
    rows += _share_rows(columns)
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
        metrics={c.name: dict(c.metrics) for c in columns},
        new_names={c.name: new_name_lines(c.metrics) for c in columns})


def _share_rows(columns: Sequence[Column]) -> List[Dict[str, Any]]:
    """What share of each split's objects is named, renamed and unseen."""
    rows = [
        dict(
            split=split,
            metric=name,
            values=[c.metrics.get(f'{split}/{name}') for c in columns])
        for split in ALL_SPLITS
        for name in shown_shares([c.metrics for c in columns])
    ]
    return [row for row in rows if any(v is not None for v in row['values'])]


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

    Below it stands what renamed objects are called at the end, and what was
    required of the swap.

    Args:
        report: What :func:`build_report` returned.
    """
    lines = [['split', 'metric', *report['columns']]]
    for row in report['rows']:
        lines.append([row['split'], row['metric'], *map(cell, row['values'])])
    last = report['columns'][-1]
    names = [f'- {last}: {line}' for line in report['new_names'][last]]
    names += [f'- required: {gate_line(gate)}'
              for gate in report.get('gates', ())]
    table = format_table(lines, 2)
    return '\n'.join([table, '', *names]) if names else table


def primary_metrics(metrics: Metrics) -> Dict[str, float]:
    """The metric that stands for each split, by split.

    Args:
        metrics: What a SwapEvaluator returned.
    """
    return {
        split: metrics[f'swap/{split}']
        for split in ALL_SPLITS if f'swap/{split}' in metrics
    }


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
