"""The numbers that sum up a swap, from the primary metrics of its splits.

All of them are homogeneous: metrics in percent (mIoU, top-1) give scores in
percent, fractions (mAP) give fractions.
"""
import logging
from typing import Dict, Mapping, Optional, Sequence

from mmengine.logging import print_log

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


def find_primaries(results: Mapping[str, float],
                   splits: Sequence[str],
                   primary: Optional[str] = None) -> Dict[str, float]:
    """Find the primary metric of each split that has results.

    Args:
        results: The metrics of all splits by their full names.
        splits: The names that full names may begin with.
        primary: Name of the metric to look for. Defaults to None, the usual
            one of each task; a split without one is left out, with a
            warning.

    Returns:
        The values by split.

    Raises:
        ValueError: If a split has results, but not ``primary``.
    """
    names = primary_metrics() if primary is None else (primary, )
    found = {}
    for split in splits:
        of_split = {
            name: value
            for name, value in results.items() if name.startswith(f'{split}/')
        }
        value = find_primary(of_split, names)
        if value is not None:
            found[split] = value
        elif of_split and primary is not None:
            raise ValueError(
                f'val_evaluator.primary must be a metric of {split}, got '
                f'{primary!r}; it has {sorted(of_split)}')
        elif of_split:
            print_log(
                f'The split {split!r} has none of {names}, so it is not part '
                'of the swap scores; val_evaluator.primary can name another '
                'metric.',
                logger='current',
                level=logging.WARNING)
    return found


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


def swap_scores(accuracy: Mapping[str, float],
                pretrained: Optional[Mapping[str, float]] = None,
                before: Optional[Mapping[str, float]] = None,
                weights: Optional[Mapping[str, int]] = None
                ) -> Dict[str, float]:
    """Sum up a swap, or one of several requests, as far as is known.

    What is retained is, as in GS-LoRA's tables, the accuracy on the retained
    and the missing classes together.

    Args:
        accuracy: The primary metric of each split now.
        pretrained: That of the pre-trained model; its ``forget`` is that of
            the classes to forget now. Defaults to None, not known.
        before: That of the model as the request began. Defaults to None, not
            known.
        weights: How much ``retain`` and ``missing`` weigh in their mean.
            Defaults to None, the same.

    Returns:
        ``retain_and_missing`` where both are in ``accuracy``; ``h_mean``, the
        drop being from ``pretrained``; ``h_mean_request``, from ``before``;
        ``score``, from the first of these two that is known. Without a
        forget split there is a ``score`` if either start is known.
    """
    scores: Dict[str, float] = {}
    retain, learn = accuracy.get('retain'), accuracy.get('learn')
    if retain is not None and 'missing' in accuracy:
        retain = _weighted_mean(accuracy, weights or {},
                                ('retain', 'missing'))
        scores['retain_and_missing'] = retain
    drop = None
    for name, start in (('h_mean_request', before), ('h_mean', pretrained)):
        if start and 'forget' in start and 'forget' in accuracy:
            drop = accuracy_drop(start['forget'], accuracy['forget'])
            if retain is not None:
                scores[name] = h_mean(retain, drop)
    if 'forget' in accuracy:
        known = drop is not None
    else:
        known = bool(pretrained or before)
    if known and (retain, drop, learn) != (None, None, None):
        scores['score'] = swap_score(retain, drop, learn)
    return scores


def _weighted_mean(values: Mapping[str, float], weights: Mapping[str, int],
                   splits: Sequence[str]) -> float:
    """Mean of the values of some splits; without weights all are the same."""
    shares = [weights.get(split, 1) for split in splits]
    total = sum(s * values[split] for s, split in zip(shares, splits))
    return total / sum(shares)


def _harmonic_mean(values: Sequence[float]) -> float:
    """Harmonic mean, 0 as soon as one value is 0 or less."""
    if min(values) <= 0:
        return 0.
    return len(values) / sum(1 / value for value in values)
