"""Metrics as plain text tables, by split."""
from typing import Any, Dict, List, Mapping, Optional, Sequence

from mmswap.class_table import ALL_SPLITS
from mmswap.evaluation.name_counts import SHARES
from mmswap.evaluation.scores import find_primary
from mmswap.tasks.lookup import primary_metrics

Metrics = Mapping[str, float]
_ROWS = 12  # of a table, where no metric is one of those that count


def validation_table(metrics: Metrics) -> str:
    """The metrics of one validation: a row a metric, a column a split.

    Those of each class are left out. Without splits, as a stock model is
    scored, there is one column.

    Args:
        metrics: What the evaluator returned.

    Returns:
        A table as :func:`format_table` makes it and, below it, the scores of
        the swap and the new names of what is forgotten, where there are any;
        empty without a metric.
    """
    metrics = scalar_metrics(metrics)
    splits = [split for split in (*ALL_SPLITS, 'all')
              if any(key.startswith(f'{split}/') for key in metrics)]
    if not splits:
        rows = _whole(metrics)
        return format_table([['metric', 'value'], *rows], 1) if rows else ''
    lines = [['metric', *splits]]
    for name in shown_metrics([metrics])[:_ROWS]:
        values = [split_metric(metrics, split, name) for split in splits]
        lines.append([name, *map(cell, values)])
    for name in shown_shares([metrics]):
        values = [metrics.get(f'{split}/{name}') for split in splits]
        lines.append([name, *map(cell, values)])
    scores = [f'{name} {cell(metrics[f"swap/{name}"])}'
              for name in ('h_mean', 'h_mean_request', 'score')
              if f'swap/{name}' in metrics]
    return '\n'.join([format_table(lines, 1), *filter(None, [
        ', '.join(scores)]), *new_name_lines(metrics, ('forget', ))])


def format_table(lines: Sequence[Sequence[str]], names: int) -> str:
    """A Markdown table that reads well as text.

    Args:
        lines: The cells of each line, the head first.
        names: How many columns, from the left, are names; the others are
            numbers.
    """
    widths = [max(len(text) for text in column) for column in zip(*lines)]
    head, *body = lines
    rule = ['-' * width for width in widths]
    return '\n'.join(
        '| ' + ' | '.join(
            text.ljust(width) if i < names else text.rjust(width)
            for i, (text, width) in enumerate(zip(line, widths))) + ' |'
        for line in (head, rule, *body))


def cell(value: Optional[float]) -> str:
    """A number as a table shows it, a dash for one that is missing."""
    if value is None:
        return '-'
    return str(value) if isinstance(value, int) else f'{value:.3f}'


def scalar_metrics(metrics: Mapping[str, Any]) -> Dict[str, float]:
    """The metrics that are numbers, as plain floats."""
    plain = {}
    for key, value in metrics.items():
        try:
            plain[key] = float(value)
        except (TypeError, ValueError):
            continue
    return plain


def split_metric(metrics: Metrics, split: str, name: str) -> Optional[float]:
    """A split's metric by the last parts of its name, None without it.

    Args:
        metrics: Those of all splits, by their full names.
        split: Name of the split.
        name: Such as ``bbox_mAP``.
    """
    of_split = {
        key: value
        for key, value in metrics.items() if key.startswith(f'{split}/')
    }
    return find_primary(of_split, [name])


def shown_metrics(columns: Sequence[Metrics]) -> List[str]:
    """Names of the known metrics that were measured, else of every one.

    Args:
        columns: The metrics of each moment.
    """
    known = [
        name for name in primary_metrics() if any(
            split_metric(column, split, name) is not None
            for column in columns for split in ALL_SPLITS)
    ]
    if known:
        return known
    names = [
        key.partition('/')[2] for column in columns for key in column
        if key.partition('/')[0] in ALL_SPLITS
    ]
    return list(dict.fromkeys(
        name for name in names
        if name not in SHARES and not name.startswith('renamed_to')))


def shown_shares(columns: Sequence[Metrics]) -> List[str]:
    """Which shares of objects a table has: ``named``, ``renamed`` and so on.

    The mean confidence is left to the log.

    Args:
        columns: The metrics of each moment.
    """
    return [
        name for name in SHARES
        if name != 'confidence' and any(
            f'{split}/{name}' in column for column in columns
            for split in ALL_SPLITS)
    ]


def new_name_lines(metrics: Metrics,
                   splits: Sequence[str] = ()) -> List[str]:
    """What the renamed objects are called: a line a split that has some.

    Args:
        metrics: Those of all splits, with ``forget/renamed_to/cat`` and the
            like.
        splits: Those to tell of. Defaults to all.

    Returns:
        Such as ``forget renamed: cat 38%, cow 9%``: shares of all objects
        of the split.
    """
    names: Dict[str, List[str]] = {}
    for key, value in metrics.items():
        split, is_share, name = key.partition('/renamed_to/')
        if is_share and (not splits or split in splits):
            share = '<1%' if value < .005 else f'{value:.0%}'
            names.setdefault(split, []).append(f'{name} {share}')
    return [f'{split} renamed: ' + ', '.join(found)
            for split, found in names.items()]


def _whole(metrics: Metrics) -> List[List[str]]:
    """Rows of the known metrics and their kin, else of the first ones."""
    known = [key for key in metrics for name in primary_metrics()
             if f'/{key}'.rpartition(name)[0].endswith('/')]
    shown = list(dict.fromkeys(known or metrics))[:_ROWS]
    return [[key, cell(metrics[key])] for key in shown]
