"""How long a phase trains, and whether its schedule fits that."""
from typing import Any, Iterator, List, Mapping, NamedTuple, Optional, Tuple

from mmswap.apis.doctor.examined import Examined
from mmswap.apis.doctor.finding import Finding, error, note, warning
from mmswap.apis.plan import Phase
from mmswap.config.types import type_name
from mmswap.datasets import SwapSampler

_LOOPS = dict(EpochBasedTrainLoop=True, IterBasedTrainLoop=False)
NEVER = 10**9  # mmengine's default of a schedule's end
# Those that have an end to reach; others are as good wherever they stop.
_ENDING = ('Cosine', 'Linear', 'Poly', 'OneCycle', 'Quadratic')
# And that are over early on purpose.
_WARMING = ('Linear', 'Quadratic')


class Length(NamedTuple):
    """How long a phase trains.

    Attributes:
        by_epoch: Whether its loop counts epochs.
        total: Epochs, or iterations.
    """

    by_epoch: bool
    total: int

    @property
    def unit(self) -> str:
        """What is counted."""
        return 'epochs' if self.by_epoch else 'iterations'

    @property
    def key(self) -> str:
        """The config key of ``total``."""
        return f'train_cfg.max_{"epochs" if self.by_epoch else "iters"}'


def length_of(phase: Phase) -> Optional[Length]:
    """How long a phase trains; None of a loop that is not mmengine's.

    Args:
        phase: The phase.
    """
    loop = phase.cfg.train_cfg
    if 'type' in loop:
        by_epoch = _LOOPS.get(type_name(loop.type))
    else:
        by_epoch = loop.get('by_epoch', True)
    if by_epoch is None:
        return None
    total = loop.get('max_epochs' if by_epoch else 'max_iters')
    return Length(by_epoch, total if type(total) is int else 0)


def steps_of(swap: Examined, phase: Phase) -> Optional[int]:
    """Iterations that a phase trains; None where that is not known.

    Args:
        swap: The swap.
        phase: The phase.
    """
    length = length_of(phase)
    if length is None or not length.by_epoch:
        return length and length.total
    return length.total * len(swap.loader(phase))


def check_length(swap: Examined, phase: Phase) -> Iterator[Finding]:
    """At least one step.

    Args:
        swap: The swap.
        phase: The phase.
    """
    del swap
    length = length_of(phase)
    if length is None:
        return
    loop = phase.cfg.train_cfg
    if length.total < 1:
        yield error(length.key, f'must be a number of {length.unit} of at '
                    'least 1, as nothing is trained otherwise, got '
                    f'{loop.get(length.key.rpartition(".")[2])}')
    other = 'max_iters' if length.by_epoch else 'max_epochs'
    if loop.get(other) is not None:
        yield error(f'train_cfg.{other}', f'must be left out of a loop that '
                    f'counts {length.unit}, got {loop[other]}; for the other '
                    'loop set type, and train_cfg=dict(_delete_=True, ...)')


def check_schedulers(swap: Examined, phase: Phase) -> Iterator[Finding]:
    """Each counts what the loop counts, and ends where it ends.

    Args:
        swap: The swap.
        phase: The phase.
    """
    del swap
    length = length_of(phase)
    if length is None or length.total < 1:
        return
    for key, scheduler in _schedulers(phase):
        if scheduler.get('by_epoch', True) == length.by_epoch:
            yield from _ends(key, scheduler, phase, length)
        elif not length.by_epoch and not scheduler.get(
                'convert_to_iter_based'):
            yield error(
                f'{key}.by_epoch', 'must be False where the loop counts '
                'iterations: a schedule by epochs is never moved on there, '
                f'got {type_name(scheduler.get("type"))} by epochs with '
                f'{length.key}={length.total}')


def check_iteration_schedulers(swap: Examined,
                               phase: Phase) -> Iterator[Finding]:
    """The same of those that count the iterations of a loop by epochs.

    Args:
        swap: The swap.
        phase: The phase.
    """
    length = length_of(phase)
    by_iteration = [(key, each) for key, each in _schedulers(phase)
                    if not each.get('by_epoch', True)]
    if length is None or not length.by_epoch or not by_iteration or not (
            swap.has_data(phase)):
        return
    steps = steps_of(swap, phase)
    for key, scheduler in by_iteration:
        if steps:
            yield from _ends(key, scheduler, phase, Length(False, steps))


def check_passes(swap: Examined, phase: Phase) -> Iterator[Finding]:
    """How often the images of each branch are seen.

    Args:
        swap: The swap.
        phase: The phase.
    """
    if not swap.has_data(phase):
        return
    sampler, steps = swap.loader(phase).sampler, steps_of(swap, phase)
    if not steps or not isinstance(sampler, SwapSampler):
        return
    for name, size in sampler.branch_sizes.items():
        images = len(sampler.dataset.branch_range(name))
        passes = steps * size / sum(sampler.draws[name])
        yield note(
            'train_dataloader.sampler',
            f'{name}: {images:,} images, {size} a step for {steps:,} steps: '
            f'{passes:.1f} passes', branch=name, images=images, size=size,
            steps=steps, passes=round(passes, 3))


def _schedulers(phase: Phase) -> List[Tuple[str, Mapping[str, Any]]]:
    """Key and config of each schedule of a phase."""
    given = phase.cfg.get('param_scheduler') or []
    given = [given] if isinstance(given, Mapping) else given
    return [(f'param_scheduler[{number}]', each)
            for number, each in enumerate(given) if isinstance(each, Mapping)]


def _end_of(scheduler: Mapping[str, Any]) -> Tuple[str, int]:
    """Which setting says where a schedule has reached its end, and where."""
    begin, end = scheduler.get('begin', 0), scheduler.get('end', NEVER)
    for name in ('T_max', 'total_steps'):
        if scheduler.get(name) and begin + scheduler[name] <= end:
            return name, begin + scheduler[name]
    return 'end', end


def _ends(key: str, scheduler: Mapping[str, Any], phase: Phase,
          length: Length) -> Iterator[Finding]:
    """Whether a schedule ends before or after the run."""
    kind, total = type_name(scheduler.get('type')), length.total
    begin, milestones = scheduler.get('begin', 0), scheduler.get('milestones')
    name, end = _end_of(scheduler)
    if begin >= total:
        yield warning(f'{key}.begin', f'must be below {total}, the '
                      f'{length.unit} of the run, for {kind} to do anything, '
                      f'got {begin}')
    elif milestones and min(milestones) >= total:
        yield warning(f'{key}.milestones', f'must lie below {total}, the '
                      f'{length.unit} of the run, for the rate to fall, got '
                      f'{list(milestones)}')
    elif not kind.startswith(_ENDING) or end == NEVER:
        return
    elif end > total:
        right = total if name == 'end' else total - begin
        yield warning(f'{key}.{name}', f'must be {right}, as the run ends '
                      f'after {total} {length.unit}, for {kind} to reach its '
                      f'end, got {scheduler[name]}')
    elif end < total and not kind.startswith(_WARMING) and not any(
            each.get('begin', 0) >= end for _, each in _schedulers(phase)):
        yield warning(
            f'{key}.{name}', f'must be {total - begin}, as the run takes '
            f'{total} {length.unit}, got {scheduler[name]}: after {end} the '
            f'rate of {kind} stays at its smallest, or rises again')
