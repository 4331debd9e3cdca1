"""What some steps say of a phase: losses, bound, gradients, memory."""
import math
from typing import Any, Dict, Iterator

import psutil
import torch

from mmswap.apis.doctor.finding import Finding, error, note, warning
from mmswap.apis.doctor.trial import Trial
from mmswap.config.listing import listed
from mmswap.engine.gradient_check import likely_cause
from mmswap.models.finite import not_finite
from mmswap.models.objectives.learn_forget import ForgetObjective

_SHOWN = 4
_GB = 1e9
_MUCH = .9  # of the memory that there is


def judge_trial(model: Any, trial: Trial) -> Iterator[Finding]:
    """What a trial says of a phase.

    Args:
        model: Its SwapModel, as the trial left it.
        trial: What the steps gave.
    """
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
