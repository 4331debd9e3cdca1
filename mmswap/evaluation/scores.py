"""The numbers that sum up a swap, from the primary metrics of its splits.

All of them are homogeneous: metrics in percent (mIoU, top-1) give scores in
percent, fractions (mAP) give fractions.
"""
from typing import Mapping, Optional, Sequence

from mmswap.tasks.lookup import primary_metrics


def find_primary(results: Mapping[str, float],
                 names: Sequence[str] = ()) -> Optional[float]:
    """Find the metric that stands for the accuracy of a split.

    Args:
        results: The metrics of one split, by their full names, such as
            ``retain/coco/bbox_mAP``.
        names: Names to look for, the first one found wins. A name matches
            whole last parts of a full name: ``bbox_mAP`` and
            ``coco/bbox_mAP`` match the name above, ``mAP`` does not. Defaults
            to the usual number of each task, masks before boxes.

    Returns:
        The value, or None if no name matches.
    """
    for name in names or primary_metrics():
        for full_name, value in results.items():
            if f'/{full_name}'.endswith(f'/{name}'):
                return float(value)
    return None


def accuracy_drop(before: float, after: float) -> float:
    """Accuracy lost on the classes to forget, 0 where it rose.

    Args:
        before: Accuracy on the forget split before the swap.
        after: Accuracy on the forget split now, in the same unit.
    """
    return max(before - after, 0.)


def h_mean(retain: float, drop: float) -> float:
    """GS-LoRA's H-Mean, ``2 * retain * drop / (retain + drop)``.

    Args:
        retain: Accuracy on the retain split.
        drop: What :func:`accuracy_drop` says, in the same unit.

    Returns:
        The harmonic mean, 0 if either is 0 or less.
    """
    return _harmonic_mean((retain, drop))


def swap_score(retain: Optional[float] = None,
               drop: Optional[float] = None,
               learn: Optional[float] = None) -> float:
    """Harmonic mean of what a swap retained, forgot and learned.

    Args:
        retain: Accuracy on the retain split. Defaults to None, left out.
        drop: What :func:`accuracy_drop` says, in the same unit. Defaults to
            None, left out: a swap that forgets nothing.
        learn: Accuracy on the learn split, in the same unit. Defaults to
            None, left out: a swap that learns nothing.

    Returns:
        The harmonic mean of those given, 0 if one of them is 0 or less.

    Raises:
        ValueError: If none is given.
    """
    given = [value for value in (retain, drop, learn) if value is not None]
    if not given:
        raise ValueError('one of retain, drop and learn must be given, '
                         'got None for all')
    return _harmonic_mean(given)


def _harmonic_mean(values: Sequence[float]) -> float:
    """Harmonic mean, 0 as soon as one value is 0 or less."""
    if min(values) <= 0:
        return 0.
    return len(values) / sum(1 / value for value in values)
