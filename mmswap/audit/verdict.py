"""Where a model stands between those that forgot and those that hide."""
from typing import (
    Dict,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

from mmswap.audit.measured import Measured

FORGOTTEN, HIDDEN = 'forgotten', 'hidden'
BETWEEN, INCONCLUSIVE = 'between', 'inconclusive'
# Two seeds are the least by which a spread can be seen.
_FEWEST = 2


class Verdict(NamedTuple):
    """What a figure says.

    Attributes:
        verdict: ``'forgotten'``, ``'hidden'``, ``'between'`` or
            ``'inconclusive'``.
        why: A sentence on it.
    """

    verdict: str
    why: str


def judge(subject: Measured, retrained: Sequence[Measured],
          holding: Mapping[str, Measured]) -> Verdict:
    """Compare a model with models that never saw the class, and that have it.

    The gap between the highest end of the retrained models' intervals and
    the lowest end of those that hold the class is divided into three parts.
    A model whose interval lies below the upper end of the first part has
    forgotten, one above the lower end of the last part hides. The same rule
    has to find that each retrained model, compared with the others, has
    forgotten; else nothing follows from the figure.

    Args:
        subject: The figure of the model that is audited.
        retrained: Those of models that never saw the class.
        holding: By name, those of models that have the class: the base
            model, and a model that hides it where the test can reveal that.
    """
    if len(retrained) < _FEWEST:
        return Verdict(INCONCLUSIVE, 'it takes two retrained models or more, '
                       f'got {len(retrained)}')
    if not holding:
        return Verdict(INCONCLUSIVE, 'there is no model that has the class')
    lowest = min(holding, key=lambda name: holding[name].low)
    if _ends(retrained, holding) is None:
        return Verdict(
            INCONCLUSIVE, f'it does not tell {lowest} from models that never '
            'saw the class')
    for i, one in enumerate(retrained):
        others = [*retrained[:i], *retrained[i + 1:]]
        found = _zone(one, others, holding)
        if found != FORGOTTEN:
            return Verdict(
                INCONCLUSIVE, 'the test fails a true retrain: a model that '
                f'never saw the class comes out as {found}')
    found = _zone(subject, retrained, holding)
    return Verdict(found, _WHY[found])


_WHY = {
    FORGOTTEN: 'with the models that never saw the class',
    HIDDEN: 'with the models that have the class',
    BETWEEN: 'more than in models that never saw the class, less than in '
    'those that have it',
    INCONCLUSIVE: 'the interval reaches from the ones to the others',
}


def _ends(retrained: Sequence[Measured], holding: Mapping[str, Measured]
          ) -> Optional[Tuple[float, float]]:
    """The two ends of the gap; None where there is no gap."""
    start = max(one.high for one in retrained)
    end = min(one.low for one in holding.values())
    return (start, end) if start < end else None


def _zone(one: Measured, retrained: Sequence[Measured],
          holding: Mapping[str, Measured]) -> str:
    """The part of the gap that an interval lies in."""
    ends = _ends(retrained, holding)
    if ends is None:
        return INCONCLUSIVE
    start, end = ends
    first, last = start + (end - start) / 3, end - (end - start) / 3
    if one.high <= first:
        return FORGOTTEN
    if one.low >= last:
        return HIDDEN
    return INCONCLUSIVE if one.low <= first and one.high >= last else BETWEEN


# What a retrained model has to reach of the subject's metric of what both
# retain: one that has learned little tells nothing of the class either.
FIT = 0.8


def unfit_models(retained: Mapping[str, Optional[float]],
                 roles: Mapping[str, str]) -> List[str]:
    """The retrained models that are too weak to compare with.

    Args:
        retained: The metric of the retained classes of each model, by its
            name; None where it is not known.
        roles: The role of each model, by its name.
    """
    wanted = max([value for name, value in retained.items()
                  if roles[name] == 'subject' and value is not None],
                 default=0.)
    return [name for name, value in retained.items()
            if roles[name] == 'retrained' and value is not None
            and value < FIT * wanted]


def by_role(measured: Mapping[str, Measured], roles: Mapping[str, str],
            reveals: Sequence[str]) -> Tuple[List[Measured],
                                             Dict[str, Measured]]:
    """Part the figures of the references.

    Args:
        measured: One figure of each model, by its name.
        roles: The role of each model, by its name.
        reveals: The roles, of ``'base'`` and ``'hidden'``, in which the test
            finds the class.

    Returns:
        Those of the retrained models, and by name those that have the class.
    """
    retrained = [
        one for name, one in measured.items() if roles[name] == 'retrained']
    holding = {name: one for name, one in measured.items()
               if roles[name] in reveals}
    return retrained, holding
