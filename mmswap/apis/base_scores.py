"""What the base model scored on the classes that later requests forget.

GS-LoRA measures the drop of each request from the pre-trained model. The base
is evaluated once, with the table of the first request; the classes of later
ones are further sets of classes in that evaluation.
"""
import hashlib
import json
from typing import Dict, List, Mapping, Optional, Sequence

from mmengine.config import Config

from mmswap.apis.plan import Phase
from mmswap.class_table import ClassTable
from mmswap.config.split_metrics import is_by_split
from mmswap.config.types import is_mmswap_type


def later_forgets(phases: Sequence[Phase]) -> Dict[str, List[str]]:
    """The classes that requests after the first one forget.

    Args:
        phases: The phases of a swap, in order.

    Returns:
        Class names by the name of the set in the base's evaluation. Requests
        that forget a class that an earlier one learned are left out: the
        pre-trained model never knew it.
    """
    first = ClassTable.from_cfg(phases[0].cfg.model.classes)
    found = {}
    for phase in phases:
        table = ClassTable.from_cfg(phase.cfg.model.classes)
        if phase.undo or table == first or not table.forget or not (
                is_mmswap_type(phase.cfg.val_evaluator, 'SwapEvaluator')):
            continue
        if set(table.forget) <= set(first.base):
            found[_subset(phase.name)] = list(table.forget)
    return found


def base_fingerprint(phases: Sequence[Phase]) -> str:
    """Hash of all that the base's evaluation depends on.

    Args:
        phases: The phases of a swap, in order.
    """
    subsets = later_forgets(phases)
    first = phases[0].fingerprint
    if not subsets:
        return first
    return hashlib.sha256(json.dumps([first, subsets]).encode()).hexdigest()


def score_later_forgets(cfg: Config, phases: Sequence[Phase]) -> None:
    """Let the base's evaluation score what later requests forget, too.

    Args:
        cfg: The config of the base's evaluation, changed in place.
        phases: The phases of a swap, in order.
    """
    subsets = later_forgets(phases)
    if not subsets or not is_mmswap_type(cfg.val_evaluator, 'SwapEvaluator'):
        return
    cfg.val_evaluator.subsets = subsets
    metrics = cfg.val_evaluator.metrics
    if is_by_split(metrics) and 'forget' not in metrics:
        # The first request only learns; its plan left the metric out.
        metrics['forget'] = next(
            phase.cfg.val_evaluator.metrics['forget'] for phase in phases
            if _subset(phase.name) in subsets)


def tell_pretrained(cfg: Config, name: str,
                    base_metrics: Mapping[str, float]) -> None:
    """Tell a request's evaluator what the pre-trained model scored.

    Args:
        cfg: The config of the request, changed in place.
        name: The name of its phase.
        base_metrics: What the base's evaluation gave.
    """
    forget = pretrained_forget(base_metrics, name)
    if forget is not None and cfg.val_evaluator.get('pretrained') is None:
        cfg.val_evaluator.pretrained = dict(forget=forget)


def pretrained_forget(base_metrics: Mapping[str, float],
                      name: str) -> Optional[float]:
    """What the pre-trained model scored on what a later request forgets.

    Args:
        base_metrics: What the base's evaluation gave.
        name: The name of the request's phase.

    Returns:
        The primary metric; None of the first request, and of one that forgets
        what an earlier one learned.
    """
    return base_metrics.get(f'swap/{_subset(name)}')


def _subset(name: str) -> str:
    """What the base's evaluation calls the classes that a phase forgets."""
    return f'forget@{name}'
