"""The model of each phase, and what a step of it does."""
import math
from collections import Counter
from typing import Any, Dict, Iterator, Tuple

import psutil
import torch

from mmswap.apis.doctor.check_checkpoint import check_grown, not_finite
from mmswap.apis.doctor.check_files import enough_room
from mmswap.apis.doctor.check_schedule import steps_of
from mmswap.apis.doctor.examined import (
    Examined,
    is_examined,
    phase_of,
    table_of,
)
from mmswap.apis.doctor.finding import (
    Finding,
    error,
    note,
    refusal,
    warning,
)
from mmswap.apis.doctor.trial import Trial, try_steps
from mmswap.apis.plan import Phase
from mmswap.config.listing import listed
from mmswap.config.types import is_mmswap_type
from mmswap.engine.gradient_check import likely_cause
from mmswap.engine.progress import duration
from mmswap.models.objectives.learn_forget import ForgetObjective

_SHOWN = 4
_GB = 1e9
_MUCH = .9  # of the memory that there is
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
        _load(swap, model)
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
    yield from _of_trial(model, trial)
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


def _load(swap: Examined, model: Any) -> None:
    """Load the base model, as the Runner does it."""
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


def _of_trial(model: Any, trial: Trial) -> Iterator[Finding]:
    """What the steps say."""
    totals = {key[:-len('_total')]: value
              for key, value in trial.losses.items()
              if key.endswith('_total')}
    shown = ', '.join(f'{name} {value:.4g}' for name, value in totals.items())
    yield note('model.objective', f'loss of each branch in the first step: '
               f'{shown}', losses=_for_json(trial.losses))
    odd = [key for key, value in trial.losses.items()
           if not math.isfinite(value)]
    if odd:
        yield error('model', 'must have finite losses, got NaN or infinity '
                    f'in the first steps for {listed(odd, _SHOWN)}: look at '
                    'model.adapter.alpha, the learning rate and load_from')
    else:
        yield from _of_bound(model.objective, trial.losses)
        moved = not_finite(model.state_dict())
        if moved:
            yield error('optim_wrapper.optimizer.lr', 'must leave the weights '
                        'finite, got NaN or infinity after the first steps '
                        f'in {listed(moved, _SHOWN)}')
    if trial.dead:
        yield error(
            'model.adapter.targets', 'must be where the gradient of the '
            f'losses comes, got none for {len(trial.dead)} of '
            f'{len(model.groups)} groups: {listed(trial.dead, _SHOWN)}. '
            f'{likely_cause(model.model, trial.dead)}')
    yield from _of_memory(trial)


def _of_bound(objective: Any, losses: Dict[str, float]) -> Iterator[Finding]:
    """The bound against the loss that it is compared with."""
    if type(objective) is not ForgetObjective:
        return  # The bound of others is of single objects, in nats.
    loss = losses.get('forget_ascending', losses['forget_total'])
    if objective.bound is None:
        found = float(objective.auto_bound.tensors['bound'])
        yield note('model.objective.bound', f"'auto' is {found:.4g} here, of "
                   f'a forget loss of {loss:.4g}', bound=found, loss=loss)
    elif loss >= objective.bound:
        yield error(
            'model.objective.bound', 'must be above the forget loss of the '
            f'first step, {loss:.4g}, for anything to be forgotten, got '
            f"{objective.bound:g}; 'auto' takes a multiple of it")
    else:
        yield note('model.objective.bound', f'{objective.bound:g}, of a '
                   f'forget loss of {loss:.4g} in the first step',
                   bound=objective.bound, loss=loss)


def _of_memory(trial: Trial) -> Iterator[Finding]:
    """The memory that was needed, of that which there is."""
    there = psutil.virtual_memory().total
    if trial.device == 'cuda':
        there = torch.cuda.get_device_properties(0).total_memory
    text = (f'{trial.memory / _GB:.1f} GB of the {there / _GB:.1f} GB of the '
            f'{"GPU" if trial.device == "cuda" else "machine"} at most, '
            'without the workers of the data loader')
    facts = dict(peak=trial.memory, total=there)
    if trial.memory > _MUCH * there:
        yield warning('train_dataloader.batch_size', f'needs {text}: a '
                      'smaller one leaves room')._replace(facts=facts)
    else:
        yield note('memory', text, **facts)


def _for_json(values: Dict[str, float]) -> Dict[str, Any]:
    """Without NaN and infinity, which json does not have."""
    return {key: value if math.isfinite(value) else str(value)
            for key, value in values.items()}
