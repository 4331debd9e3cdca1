"""Settings of the objective and of the scores that are taken as they are."""
from typing import Any, Iterator, Mapping

from mmswap.apis.doctor.examined import Examined
from mmswap.apis.doctor.finding import Finding, error, refusal
from mmswap.apis.plan import Phase
from mmswap.config.split_metrics import is_by_split, stock_metrics
from mmswap.config.types import type_name
from mmswap.evaluation.known_scores import read_scores

# Of the metrics that stand for a split: those in percent, and the others.
_PERCENT = ('IoUMetric', 'Accuracy', 'PanopticMetric', 'CocoPanopticMetric')
_FRACTIONS = ('CocoMetric', 'LVISMetric', 'VOCMetric')


def check_bound(swap: Examined, phase: Phase) -> Iterator[Finding]:
    """``bound=True`` is a number to Python: 1.

    Args:
        swap: The swap.
        phase: The phase.
    """
    del swap
    objective = phase.cfg.model.get('objective')
    if isinstance(objective, Mapping) and isinstance(
            objective.get('bound'), bool):
        yield error('model.objective.bound', "must be a positive number or "
                    f"'auto', got {objective['bound']}")


def check_scores(swap: Examined, phase: Phase) -> Iterator[Finding]:
    """What is known of the start is in the unit of the metrics.

    Args:
        swap: The swap.
        phase: The phase.
    """
    del swap
    evaluator = phase.cfg.get('val_evaluator')
    if not isinstance(evaluator, Mapping):
        return
    unit = _unit(evaluator.get('metrics'))
    for name in ('before', 'pretrained'):
        given = evaluator.get(name)
        key = f'val_evaluator.{name}'
        if given is None:
            continue
        try:
            scores = read_scores(given, key)
        except (OSError, TypeError, ValueError) as raised:
            yield refusal(key, raised)
            continue
        largest = max(scores.values())
        if unit == 'percent' and 0 < largest <= 1:
            yield error(key, 'must be in percent, 0 to 100, as the metrics '
                        f'are, got {scores}')
        if unit == 'fraction' and largest > 1:
            yield error(key, 'must be fractions, 0 to 1, as the metrics are, '
                        f'got {scores}')


def _unit(metrics: Any) -> str:
    """``'percent'``, ``'fraction'``, or empty where it is not known."""
    given = list(metrics.values()) if is_by_split(metrics) else [metrics]
    try:
        kinds = {type_name(each['type']) for part in given
                 for each in stock_metrics(part)}
    except (TypeError, KeyError):
        return ''
    percent = bool(kinds & set(_PERCENT))
    return '' if percent == bool(kinds & set(_FRACTIONS)) else (
        'percent' if percent else 'fraction')
