"""Whether the batches of a phase are what its objective is made for."""
from typing import Any, Iterator, List, Mapping, Tuple

from mmengine.registry import MODELS

from mmswap.apis.doctor.examined import Examined, phase_of, table_of
from mmswap.apis.doctor.finding import Finding, error, refusal
from mmswap.apis.plan import Phase
from mmswap.config.types import is_mmswap_type, type_name
from mmswap.datasets.phase_branches import PHASES
from mmswap.datasets.proportions import sizes_by_branch

_LOADER = 'train_dataloader'
_DATA = 'train_dataloader.dataset'


def check_sampler(swap: Examined, phase: Phase) -> Iterator[Finding]:
    """A ``SwapSampler``, with as many samples as the batch has.

    Args:
        swap: The swap.
        phase: The phase.
    """
    del swap
    loader = phase.cfg.train_dataloader
    if not is_mmswap_type(loader.dataset, 'SwapDataset'):
        yield error(_DATA, 'must be a mmswap.SwapDataset, which has a branch '
                    'for what is retained and one for what the phase is '
                    f'about, got {type_name(loader.dataset.get("type"))}')
        return
    sampler = loader.get('sampler')
    if not is_mmswap_type(sampler, 'SwapSampler'):
        kind = type_name(sampler.get('type')) if isinstance(
            sampler, Mapping) else sampler
        yield error(
            f'{_LOADER}.sampler', 'must be dict(type=\'mmswap.SwapSampler\', '
            'retain=..., target=...), which gives each batch its samples of '
            f'each branch, got {kind}: it draws from all branches as one')
        return
    if loader.get('batch_sampler') is not None:
        yield error(f'{_LOADER}.batch_sampler', 'must be None with a mmswap.'
                    'SwapSampler, which gives the samples of a batch in a '
                    f'row, got {loader.batch_sampler.get("type")}')
    branches = branches_of(phase)
    if not branches:
        return
    try:
        sizes = sizes_by_branch(branches, sampler.get('branch_sizes'),
                                sampler.get('retain'), sampler.get('target'))
    except (TypeError, ValueError) as raised:
        yield refusal(f'{_LOADER}.sampler', raised)
        return
    if loader.get('batch_size') != sum(sizes.values()):
        yield error(f'{_LOADER}.batch_size', f'must be {sum(sizes.values())}, '
                    f'as the sampler gives {sizes}, got '
                    f'{loader.get("batch_size")}')


def check_branches(swap: Examined, phase: Phase) -> Iterator[Finding]:
    """The branches that the objective needs, each with its own classes.

    Args:
        swap: The swap.
        phase: The phase.
    """
    del swap
    branches = branches_of(phase)
    objective = phase.cfg.model.get('objective')
    kind = MODELS.get(objective.get('type')) if isinstance(
        objective, Mapping) and objective.get('type') else None
    needed = list(getattr(kind, 'branches', ()))
    if 'retain' in needed and objective.get('retain_weight') == 0:
        needed.remove('retain')
    absent = [name for name in needed if branches and name not in branches]
    if absent:
        yield error(
            'model.objective', f'must be one of the branches {branches}, of '
            f'which {_DATA} is made (phase={phase_of(phase)!r}), got '
            f'{type_name(objective["type"])}, which needs {absent}')
    sampler = phase.cfg.train_dataloader.get('sampler') or {}
    if 'retain' in needed and sampler.get('retain') == 0:
        yield error(
            f'{_LOADER}.sampler.retain', 'must be at least 1 where the '
            'objective has a term for what is retained, got 0 with '
            f'{type_name(objective["type"])}, whose retain_weight is '
            f'{objective.get("retain_weight", 1.0)}')
    table = table_of(phase)
    given = phase.cfg.train_dataloader.dataset.get('branches') or {}
    for name, part in given.items():
        kept = list(_kept(f'{_DATA}.branches.{name}', part))
        shown = {split for _, splits in kept for split in splits}
        if kept and name in ('learn', 'forget') and (
                table.labels(name) and not {name, 'all'} & shown):
            yield error(f'{kept[0][0]}.keep', f'must be {name!r}, alone or '
                        f'among others, as the branch {name!r} is there to '
                        f'show {list(getattr(table, name))}, got '
                        f'{sorted(shown)}')


def branches_of(phase: Phase) -> List[str]:
    """The names of a phase's branches, in order; none where unknown.

    Args:
        phase: The phase.
    """
    data = phase.cfg.train_dataloader.dataset
    if data.get('branches'):
        return list(data.branches)
    wanted = phase_of(phase)
    return ['retain', wanted.split('_')[0]] if wanted in PHASES else []


def _kept(key: str, part: Any) -> Iterator[Tuple[str, List[str]]]:
    """Key and ``keep`` of each ClassSubset in a part of a config."""
    if isinstance(part, (list, tuple)):
        for number, each in enumerate(part):
            yield from _kept(f'{key}[{number}]', each)
    elif isinstance(part, Mapping):
        if is_mmswap_type(part, 'ClassSubset'):
            keep = part.get('keep', 'all')
            yield key, [keep] if isinstance(keep, str) else list(keep)
        for inner in ('dataset', 'datasets'):
            yield from _kept(f'{key}.{inner}', part.get(inner))
