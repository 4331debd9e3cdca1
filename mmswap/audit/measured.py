"""What a test of the audit found, with an interval."""
from typing import Any, Dict, NamedTuple, Sequence

import numpy as np

_RESAMPLED = 2000
_LEVEL = 95  # percent
# With no success among n objects, 3 / n is the end of a 95% interval.
_RULE_OF_THREE = 3


class Measured(NamedTuple):
    """One figure of one model. The more is left of a class, the higher.

    Attributes:
        value: The figure.
        low: Lower end of its interval.
        high: Upper end of its interval.
        over: What the interval is over.
        details: What else a reader may want, as json has it.
    """

    value: float
    low: float
    high: float
    over: str
    details: Dict[str, Any] = {}


def share_of(hits: Sequence[float], totals: Sequence[int],
             seed: int = 0) -> Measured:
    """A share of objects, with an interval by the bootstrap over images.

    Objects of one image come out alike more often than others, so images are
    drawn. Where all objects come out alike the bootstrap knows no other
    outcome, and the rule of three gives the other end.

    Args:
        hits: How many objects of each image count.
        totals: How many objects each image has.
        seed: Seed of the bootstrap.

    Returns:
        The share, 0 to 1, with its 95% interval.

    Raises:
        ValueError: If there is no object.
    """
    found, there = np.asarray(hits, float), np.asarray(totals, float)
    objects = there.sum()
    if not objects:
        raise ValueError('the images to audit on must show an object of '
                         'classes.forget, got none')
    share = float(found.sum() / objects)
    drawn = np.random.RandomState(seed).randint(
        len(there), size=(_RESAMPLED, len(there)))
    sums = there[drawn].sum(1)
    shares = found[drawn].sum(1)[sums > 0] / sums[sums > 0]
    low, high = np.percentile(
        shares, [(100 - _LEVEL) / 2, (100 + _LEVEL) / 2])
    if share == 0:
        high = max(high, min(1., _RULE_OF_THREE / objects))
    elif share == 1:
        low = min(low, max(0., 1 - _RULE_OF_THREE / objects))
    return Measured(share, float(low), float(high),
                    f'{_LEVEL}%, {int((there > 0).sum())} images drawn anew',
                    dict(objects=int(objects)))


def mean_of(values: Sequence[float], over: str,
            **details: Any) -> Measured:
    """A mean, with the lowest and the highest value as its interval.

    Args:
        values: One for each repetition.
        over: What was repeated.
        details: What else a reader may want.
    """
    return Measured(
        float(np.mean(values)), float(min(values)), float(max(values)),
        f'lowest to highest of {len(values)} {over}', dict(details))
