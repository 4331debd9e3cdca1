"""The model of each phase, and what a step of it does."""
from collections import Counter
from typing import Any, Dict, Iterator, Tuple

from mmswap.apis.doctor.check_checkpoint import check_grown
from mmswap.apis.doctor.check_files import enough_room
from mmswap.apis.doctor.check_schedule import steps_of
from mmswap.apis.doctor.check_trial import judge_trial
from mmswap.apis.doctor.examined import (
    Examined,
    is_examined,
    phase_of,
    table_of,
)
from mmswap.apis.doctor.finding import Finding, note, refusal
from mmswap.apis.doctor.trial import try_steps
from mmswap.apis.plan import Phase
from mmswap.config.listing import listed
from mmswap.config.types import is_mmswap_type
from mmswap.engine.progress import duration
from mmswap.models.finite import not_finite

_SHOWN = 4
_TIME = 'train_cfg'
_PREFIX = 'module.'  # of a wrapped model, which the Runner takes off
# Hooks without which there is no first step, and that take their time.
_MEASURING = ('PrototypeHook', 'ImportanceHook')


def check_models(swap: Examined) -> Iterator[Finding]:
    """Build, load and train each kind of phase for a moment.

    Requests of one kind differ in their classes alone.

    Args:
        swap: The swap.
    """
    seconds: Dict[Tuple[str, str], float] = {}
    phases = [phase for phase in swap.phases if is_examined(phase)]
    for phase in phases:
        if _kind(phase) not in seconds:
            seconds[_kind(phase)] = 0.
            for found in _check_model(swap, phase):
                if found.key == _TIME and found.facts:
                    seconds[_kind(phase)] = found.facts['seconds_a_step']
                yield found._replace(phase=phase.name)
    known = [(steps_of(swap, phase), seconds[_kind(phase)])
             for phase in phases if swap.has_data(phase)]
    if len(known) == len(phases) and all(all(each) for each in known):
        total = sum((steps or 0) * each for steps, each in known)
        yield note(_TIME, f'all {len(phases)} phases take about '
                   f'{duration(total)}, without validation', seconds=total)


def _check_model(swap: Examined, phase: Phase) -> Iterator[Finding]:
    """The model of a phase, and a trial of it."""
    if table_of(phase).learned_before:
        yield note('model', 'not tried: the phase begins with what earlier '
                   'requests learned')
        return
    try:
        model = swap.model(phase)
        load_base(swap, model)
    except Exception as raised:  # Whatever the libraries raise.
        yield refusal('model', raised)
        return
    yield from _facts(model)
    yield from check_grown(swap, model)
    if not (swap.has_data(phase) and swap.checkpoint) or not_finite(
            swap.checkpoint['state_dict']):
        return  # Nothing to begin with, which is said elsewhere.
    for hook in phase.cfg.get('custom_hooks') or ():
        if any(is_mmswap_type(hook, name) for name in _MEASURING):
            yield note('custom_hooks', f'no step is tried, as {hook["type"]} '
                       'goes through the images before the first')
            return
    try:
        trial = try_steps(swap, phase, model)
    except Exception as raised:  # As above.
        yield refusal('model', raised)
        return
    yield from judge_trial(model, trial)
    steps = steps_of(swap, phase) or 0
    yield note(_TIME, f'{steps:,} steps of {trial.seconds:.2f} s on '
               f'{trial.device} take about {duration(steps * trial.seconds)}, '
               'without validation', steps=steps,
               seconds_a_step=round(trial.seconds, 4))
    # All weights, and the two moments of Adam for what trains.
    one = sum(each.numel() * each.element_size()
              for each in model.state_dict().values()) + sum(
        2 * p.numel() * p.element_size()
        for p in model.parameters() if p.requires_grad)
    yield from enough_room(swap, one, 'weights and Adam')


def _kind(phase: Phase) -> Tuple[str, str]:
    """What tells phases apart that have to be tried each."""
    objective = phase.cfg.model.get('objective') or {}
    return phase_of(phase), str(objective.get('type'))


def load_base(swap: Examined, model: Any) -> None:
    """Load what the swap begins with, as the Runner does it.

    Args:
        swap: The swap.
        model: The SwapModel of its first phase, or of one like it.

    Raises:
        RuntimeError: If it does not fit.
    """
    model.init_weights()
    state = swap.checkpoint.get('state_dict')
    if state:
        model.load_state_dict({
            key[len(_PREFIX):] if key.startswith(_PREFIX) else key: value
            for key, value in state.items()
        }, strict=False)


def _facts(model: Any) -> Iterator[Finding]:
    """What trains, in which groups, and what grew."""
    parameters = list(model.parameters())
    trained = sum(p.numel() for p in parameters if p.requires_grad)
    total = sum(p.numel() for p in parameters)
    groups = list(model.groups)
    rooms = Counter(name.partition('.')[0] for name in groups)
    where = ', '.join(f'{count} in {room}' for room, count in rooms.items())
    yield note(
        'model.adapter', f'{len(groups)} groups'
        + (f' ({where}), such as {listed(groups, 2)}' if groups else '')
        + f'; {trained:,} of {total:,} numbers train '
        f'({100 * trained / total:.2f} %)', groups=groups, trained=trained,
        total=total)
    if model.class_rows:
        grown = {key: [rows.old_size, rows.new_size]
                 for key, rows in model.class_rows.items()}
        shown = [f'{key} {old} -> {new}'
                 for key, (old, new) in grown.items()]
        yield note('model.model', f'{len(grown)} tensors grew: '
                   f'{listed(shown, _SHOWN)}', grown=grown)
