"""What a swap must reach to count as done: gates on its last figures."""
import math
import re
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

from mmswap.apis.base_scores import pretrained_forget
from mmswap.class_table import ALL_SPLITS, ClassTable

Metrics = Mapping[str, float]
_SHARES = ('named', 'renamed', 'unseen', 'recall')
# Of the base's figure, and of the objects to forget.
NAMES = ('retain', 'forget', 'learn', *_SHARES)
_SPLIT_OF = {
    **dict.fromkeys(_SHARES, 'forget'), 'forget': 'forget', 'learn': 'learn'
}
_PREFIXES = (*ALL_SPLITS, 'all', 'swap')
_GATE = re.compile(r'([^<>=\s]+)(<=|>=)([^<>=\s]+)')


class Gate(NamedTuple):
    """A figure, and the least or the most that it may be.

    Attributes:
        name: One of :data:`NAMES`, or the full name of a metric.
        sign: ``<=`` or ``>=``.
        limit: What the figure is compared with, in its own unit.
    """

    name: str
    sign: str
    limit: float

    def is_met(self, value: Optional[float]) -> bool:
        """Whether a figure is good enough; one that is missing is not.

        Args:
            value: The figure.
        """
        if value is None or math.isnan(value):
            return False
        return (value <= self.limit
                if self.sign == '<=' else value >= self.limit)

    def __str__(self) -> str:
        return f'{self.name}{self.sign}{self.limit:g}'


def read_gates(text: str) -> List[Gate]:
    """Read the gates of a command line.

    Args:
        text: Such as ``'forget<=0.05 retain>=0.95'``, with blanks or commas
            between them.

    Raises:
        ValueError: If one is no gate, its name is unknown or its limit is no
            number.
    """
    gates = []
    joined = re.sub(r'\s*([<>=]+)\s*', r'\1', text)
    for part in filter(None, re.split(r'[\s,]+', joined)):
        found = _GATE.fullmatch(part)
        if found is None:
            raise ValueError('--require must be gates such as '
                             f"'forget<=0.05 retain>=0.95', got {part!r}")
        name, sign, limit = found.groups()
        _check_name(name)
        gates.append(Gate(name, sign, _number(limit, part)))
    if not gates:
        raise ValueError("--require must be gates such as 'forget<=0.05 "
                         f"retain>=0.95', got {text!r}")
    return gates


def check_gates(gates: Sequence[Gate], table: ClassTable,
                first: ClassTable) -> None:
    """Refuse gates on what the last phase has not.

    Args:
        gates: The gates.
        table: The class table of the last phase.
        first: That of the first phase.

    Raises:
        ValueError: If the last phase learns or forgets nothing, or forgets
            what the base model did not know, and a gate is about that.
    """
    for gate in gates:
        split = _SPLIT_OF.get(gate.name)
        if split is not None and not getattr(table, split):
            raise ValueError(
                f'--require {gate} must be about a swap that {split}s classes '
                f'at its end, got {table}; a full name of a metric, such as '
                "'forgotten_before/coco/bbox_mAP', says what else is meant")
        if gate.name == 'forget' and not set(table.forget) <= set(first.base):
            raise ValueError(
                f'--require {gate} must be about classes that the base model '
                f'knew, got {list(table.forget)} of a later request; '
                "'named' needs no figure of the base")


def check_measured(gates: Sequence[Gate], base: Metrics) -> None:
    """Refuse gates on metrics that the base's evaluation did not give.

    Scores of a swap and new names are not measured there, and may be.

    Args:
        gates: The gates.
        base: All metrics of the base.

    Raises:
        ValueError: If there is no metric of that name.
    """
    for gate in gates:
        if '/' not in gate.name or gate.name in base or gate.name.startswith(
                'swap/') or '/renamed_to' in gate.name:
            continue
        raise ValueError(f'--require {gate} must name a metric that is '
                         f'measured, one of {sorted(base)}')


def judge(gates: Sequence[Gate], base: Metrics, end: Metrics,
          first: ClassTable, last_phase: str) -> List[Dict[str, Any]]:
    """Compare the figures at the end of a swap with its gates.

    Args:
        gates: The gates.
        base: All metrics of the base model.
        end: All metrics after the last phase.
        first: The class table of the first phase, by whose splits the base
            was scored.
        last_phase: The name of the last phase.

    Returns:
        For each gate its ``name``, ``sign`` and ``limit``, the ``value``
        (None where it was not measured), and whether it is ``met``.
    """
    judged = []
    for gate in gates:
        value = _figure(gate.name, base, end, first, last_phase)
        judged.append(
            dict(gate._asdict(), value=value, met=gate.is_met(value)))
    return judged


def gate_line(judged: Mapping[str, Any]) -> str:
    """One gate with its figure, in a line.

    Args:
        judged: An item of what :func:`judge` returned.
    """
    value = judged['value']
    shown = 'not measured' if value is None else f'{value:.3f}'
    return (f'{judged["name"]} {judged["sign"]} {judged["limit"]:g}: {shown}, '
            f'{"met" if judged["met"] else "missed"}')


def _figure(name: str, base: Metrics, end: Metrics, first: ClassTable,
            last_phase: str) -> Optional[float]:
    if name in _SHARES:
        return end.get(f'forget/{name}')
    if name not in NAMES:
        return end.get(name)
    return ratio(end.get(f'swap/{name}'),
                 _of_base(name, base, first, last_phase))


def _of_base(name: str, base: Metrics, first: ClassTable,
             last_phase: str) -> Optional[float]:
    """The base's figure that a split's is a share of."""
    if name == 'forget':
        later = pretrained_forget(base, last_phase)
        return base.get('swap/forget') if later is None else later
    if name == 'retain':
        return base.get('swap/retain')
    # New classes have no figure of the base: its own classes' mean.
    weights = {
        split: len(getattr(first, split))
        for split in ('retain', 'forget', 'missing')
        if getattr(first, split) and f'swap/{split}' in base
    }
    if not weights:
        return None
    total = sum(base[f'swap/{split}'] * n for split, n in weights.items())
    return total / sum(weights.values())


def ratio(value: Optional[float], whole: Optional[float]) -> Optional[float]:
    """A figure as a share of another; None if either is missing or that is 0.

    Args:
        value: The figure.
        whole: What it is a share of.
    """
    return None if value is None or not whole else value / whole


def _check_name(name: str) -> None:
    if name in NAMES or name.partition('/')[0] in _PREFIXES and '/' in name:
        return
    raise ValueError(
        f'--require must name some of {NAMES}, or metrics by their full '
        f"names, such as 'forget/coco/bbox_mAP', got {name!r}")


def _number(text: str, part: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f'--require must compare with a number, got {part!r}')
    return value
