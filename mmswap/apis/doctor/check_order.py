"""Whether each phase comes after what its config was made to follow."""
from pathlib import Path
from typing import Iterator, List

from mmswap.apis.doctor.examined import Examined, phase_of, table_of
from mmswap.apis.doctor.finding import Finding, error, warning
from mmswap.apis.plan import Phase
from mmswap.models.checkpoints import checkpoint_kind

_PHASE = 'train_dataloader.dataset.phase'


def check_order(swap: Examined, phase: Phase) -> Iterator[Finding]:
    """A forget phase knows whether something was learned before it.

    Args:
        swap: The swap.
        phase: The phase.
    """
    kind, learned = phase_of(phase), table_of(phase).learn
    before = _before(swap, phase)
    has_learned = any(each.startswith('learn') for each in before)
    given = phase.cfg.train_dataloader.dataset.get('branches') is not None
    if kind == 'forget_first' and has_learned:
        yield error(
            _PHASE, "must be 'forget' after a phase that learns, as what was "
            f"learned, {list(learned)}, is to be retained, got "
            "'forget_first'")
    if kind != 'forget' or not learned or has_learned or given:
        return
    if 'forget_first' in before or _is_base(swap):
        yield error(
            _PHASE, f"must be 'forget_first' where {list(learned)} are not "
            "learned yet, or the phase that learns must come before, got "
            "'forget': what is retained would be rows that were never "
            'trained. load_from is the base model, or a phase that forgot')


def check_start(swap: Examined, phase: Phase) -> Iterator[Finding]:
    """A later phase that names the base as its start.

    Args:
        swap: The swap.
        phase: The phase.
    """
    first = swap.phases[0]
    start, base = (each.cfg.get('load_from') for each in (phase, first))
    if phase is first or not isinstance(start, str) or (
            phase_of(phase) == phase_of(first)):
        return
    if table_of(phase).learned_before or phase.cfg.model.get(
            'trains') == 'from_scratch' or _is_request(swap):
        return
    if Path(start).expanduser().resolve() == Path(
            str(base)).expanduser().resolve():
        yield warning(
            'load_from', f'is that of {first.name}, {start}. mmswap run '
            'begins with what the phase before ends with; mmswap train and '
            'train.py begin with the base model, without what was learned or '
            'forgotten before')


def _before(swap: Examined, phase: Phase) -> List[str]:
    """What the phases before are about, as their data sets say."""
    found: List[str] = []
    for each in swap.phases:
        if each is phase:
            break
        found.append(phase_of(each))
    return found


def _is_base(swap: Examined) -> bool:
    """Whether the swap begins with a base model."""
    try:
        read = swap.checkpoint
    except (OSError, ValueError):
        return False
    if not read:
        return False
    table = table_of(swap.phases[0])
    names = ((read.get('meta') or {}).get('dataset_meta') or {}).get('classes')
    kind = checkpoint_kind(read['state_dict'], read.get('meta'))
    return kind == 'base' and set(names or ()) != set(table.names)


def _is_request(swap: Examined) -> bool:
    """Whether the phases are the requests of a plan, with a table each."""
    tables = [table_of(each) for each in swap.phases if not each.undo]
    return any(table != tables[0] for table in tables)
