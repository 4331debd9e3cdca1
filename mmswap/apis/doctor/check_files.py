"""Whether the files that a phase names are there, and name its classes."""
import shutil
from pathlib import Path
from typing import Dict, Iterator, List, Tuple

from mmswap.apis.doctor.check_schedule import length_of
from mmswap.apis.doctor.examined import Examined, table_of, target_of
from mmswap.apis.doctor.finding import Finding, error, note, warning
from mmswap.apis.doctor.sources import Source
from mmswap.apis.plan import Phase
from mmswap.config.coco_categories import read_categories
from mmswap.config.listing import did_you_mean, listed

_SHOWN = 12  # names of a file
_GB = 1e9
# Of data_prefix; maps of a panoptic config stay in it where nothing reads
# them.
_READ = ('img', 'img_path', 'seg_map_path')


def check_paths(swap: Examined, phase: Phase) -> Iterator[Finding]:
    """Annotation files and folders that are there.

    Args:
        swap: The swap.
        phase: The phase.
    """
    for source in swap.sources(phase):
        if not source.is_local:
            continue
        file = source.ann_file
        if file is not None and not file.exists():
            yield error(f'{source.key}.ann_file', 'must be a file that is '
                        f'there, got {file}')
        elif file is not None and file.is_file() and not file.stat().st_size:
            yield error(f'{source.key}.ann_file', 'must list images, got the '
                        f'empty file {file}')
        for name, folder in source.prefixes.items():
            if name in _READ and folder and not Path(folder).exists():
                yield error(f'{source.key}.data_prefix.{name}', 'must be a '
                            f'folder that is there, got {folder}')


def check_names(swap: Examined, phase: Phase) -> Iterator[Finding]:
    """COCO files that have the classes to learn and to forget.

    Args:
        swap: The swap.
        phase: The phase.
    """
    table, target = table_of(phase), target_of(phase)
    sources = swap.sources(phase)
    for split in ('learn', 'forget'):
        names = getattr(table, split)
        for loader, wanted, level in (
                ('train_dataloader', split == target, error),
                ('val_dataloader', True, warning)):
            files, complete = _categories([
                source for source in sources
                if source.key.startswith(loader)])
            if not (wanted and files and complete):
                continue
            known = list(dict.fromkeys(
                name for each in files.values() for name in each))
            lacking = [name for name in names if name not in known]
            if lacking:
                advice = did_you_mean(lacking, known)
                yield level(
                    f'classes.{split}', 'must name classes that '
                    f'{loader}.dataset has, but {lacking} '
                    f'{"is" if len(lacking) == 1 else "are"} in none of '
                    f'{", ".join(files)}, which have '
                    f'{listed(known, _SHOWN)}{advice and "; "}{advice}')
    files, complete = _categories([s for s in sources if s.is_train])
    lower = {name.lower(): name for each in files.values() for name in each}
    misspelt = [name for name in table.retain
                if lower.get(name.lower(), name) != name
                and name not in lower.values()]
    if complete and misspelt:
        yield error(
            'classes.base', 'must have the names that '
            'train_dataloader.dataset has, or its objects are left out, got '
            f'{listed(misspelt, _SHOWN)} for '
            f'{listed([lower[n.lower()] for n in misspelt], _SHOWN)}')


def check_disk(swap: Examined) -> Iterator[Finding]:
    """Room for the checkpoints that the swap keeps.

    Args:
        swap: The swap.
    """
    load_from = swap.phases[0].cfg.get('load_from')
    if not isinstance(load_from, str) or not Path(load_from).is_file():
        return
    one = Path(load_from).stat().st_size
    for found in enough_room(swap, one, 'as large as load_from'):
        if found.level == 'error':
            yield found  # How it is is better known once there is a model.


def enough_room(swap: Examined, one: int, how: str) -> Iterator[Finding]:
    """Whether the checkpoints that are still to come fit on the disk.

    Args:
        swap: The swap.
        one: Bytes of each.
        how: How that is known.
    """
    count = sum(
        max(checkpoints_of(phase) -
            len(list(Path(phase.cfg.work_dir).glob('*.pth'))), 0)
        for phase in swap.phases)
    folder = swap.work_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    free, needed = shutil.disk_usage(folder).free, count * one
    facts = dict(checkpoints=count, bytes=one, free=free)
    text = (f'{count} checkpoints of {one / _GB:.3f} GB ({how}) take '
            f'{needed / _GB:.2f} GB of the {free / _GB:.1f} GB that are free '
            f'at {folder}')
    if needed > free:
        yield error('default_hooks.checkpoint', f'{text}: set '
                    'max_keep_ckpts, or another --work-dir')._replace(
                        facts=facts)
    else:
        yield note('default_hooks.checkpoint', text, **facts)


def checkpoints_of(phase: Phase) -> int:
    """How many checkpoints a phase keeps in the end.

    Args:
        phase: The phase.
    """
    hook = (phase.cfg.get('default_hooks') or {}).get('checkpoint') or {}
    length = length_of(phase) if not phase.undo else None
    interval = hook.get('interval', -1)
    count = 1
    if length is not None and interval > 0 and (
            hook.get('by_epoch', True) == length.by_epoch):
        count = max(-(-length.total // interval), 1)
    most = hook.get('max_keep_ckpts', -1)
    return (min(count, most) if most > 0 else count) + bool(
        hook.get('save_best'))


def _categories(
        sources: List[Source]) -> Tuple[Dict[str, List[str]], bool]:
    """The classes of each COCO file, and whether all data sets have one."""
    found: Dict[str, List[str]] = {}
    for source in sources:
        file = source.ann_file
        if not source.is_coco or not source.is_local or file is None:
            return found, False
        try:
            found[str(file)] = list(read_categories(str(file)).values())
        except (OSError, KeyError, TypeError, ValueError):
            return found, False  # Said where the file is looked at.
    return found, True
