"""The model of each phase, and what a step of it does."""
import math
from collections import Counter
from typing import Any, Dict, Iterator

import psutil
import torch

from mmswap.apis.doctor.check_checkpoint import check_grown, not_finite
from mmswap.apis.doctor.check_files import checkpoints_of, enough_room
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
from mmswap.config.listing import listed
from mmswap.engine.gradient_check import likely_cause
from mmswap.engine.progress import duration
from mmswap.models.objectives.learn_forget import ForgetObjective

_SHOWN = 4
_GB = 1e9
_MUCH = .9  # of the memory that there is


def check_models(swap: Examined) -> Iterator[Finding]:
    """Build, load and train each kind of phase for a moment.

    Requests of one kind differ in their classes alone, and those that begin
    with what earlier ones learned cannot be tried before these.

    Args:
        swap: The swap.
    """
    tried = set()
    seconds = 0.
    bytes_each = 0
    for phase in swap.phases:
        objective = phase.cfg.get('model', {}).get('objective') or {}
        kind = (phase_of(phase), str(objective.get('type')))
        if not is_examined(phase) or kind in tried:
            continue
        tried.add(kind)
        if table_of(phase).learned_before:
            yield note('model', 'is not tried: it begins with what earlier '
                       'requests learned')._replace(phase=phase.name)
            continue
        try:
            model = swap.model(phase)
            _load(swap, model)
        except Exception as raised:  # Whatever the libraries raise.
            yield refusal('model', raised)._replace(phase=phase.name)
            continue
        for found in (*_facts(model), *check_grown(swap, model)):
            yield found._replace(phase=phase.name)
        if not (swap.has_data(phase) and swap.checkpoint) or not_finite(
                swap.checkpoint['state_dict']):
            continue  # Nothing to begin with, which is said elsewhere.
        try:
            trial = try_steps(swap, phase, model)
        except Exception as raised:
            yield refusal('model', raised)._replace(phase=phase.name)
            continue
        for found in _of_trial(model, trial):
            yield found._replace(phase=phase.name)
        steps = steps_of(swap, phase) or 0
        seconds += steps * trial.seconds
        bytes_each = max(bytes_each, _checkpoint_bytes(model))
        yield note(
            'train_cfg', f'{steps:,} steps of {trial.seconds:.2f} s on '
            f'{trial.device} take about {duration(steps * trial.seconds)}, '
            'without validation', steps=steps,
            seconds_a_step=round(trial.seconds, 4))._replace(
                phase=phase.name)
    if bytes_each:
        count = sum(checkpoints_of(phase) for phase in swap.phases)
        yield from enough_room(swap, count, bytes_each, 'weights and Adam')


def _load(swap: Examined, model: Any) -> None:
    """Load the base model, as the Runner does it."""
    model.init_weights()
    state = swap.checkpoint.get('state_dict')
    if state:
        model.load_state_dict(dict(state), strict=False)


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


def _checkpoint_bytes(model: Any) -> int:
    """Bytes of a checkpoint: all weights, and two moments of what trains."""
    state = sum(each.numel() * each.element_size()
                for each in model.state_dict().values())
    return state + sum(2 * p.numel() * p.element_size()
                       for p in model.parameters() if p.requires_grad)


def _for_json(values: Dict[str, float]) -> Dict[str, Any]:
    """Without NaN and infinity, which json does not have."""
    return {key: value if math.isfinite(value) else str(value)
            for key, value in values.items()}
