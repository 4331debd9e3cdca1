"""The command ``mmswap init``."""
import argparse
import itertools
from pathlib import Path
from typing import List, Optional

from mmengine.logging import MMLogger

from mmswap.apis.commands.command import Command, add_trust
from mmswap.apis.init.facts import Swap
from mmswap.apis.init.names import shown
from mmswap.apis.init.settings import (
    ORDERS,
    PLAN_ORDERS,
    PRESETS,
    Settings,
)
from mmswap.apis.init.source import Source
from mmswap.apis.init.swap_init import plan_swap, write_swap


def add_init_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``mmswap init``.

    Args:
        parser: Gets them.
    """
    add = parser.add_argument
    add('config', metavar='STOCK_CONFIG',
        help='the config that the base model was trained with: a path, or '
        'mmdet::<path below configs>, one of an installed library')
    add('--checkpoint', required=True,
        help='checkpoint of the base model (default: none, it is needed)')
    add('--new', type=Path,
        help='annotations of what is to be learned (default: nothing is)')
    add('--old', type=Path,
        help='annotations of old images that take the place of those that '
        'STOCK_CONFIG trains on, such as mmswap pseudo-label writes for '
        'unlabelled ones, or mmswap synthesize makes where there are none '
        '(default: those of STOCK_CONFIG)')
    add('--without-old', action='store_true',
        help='take all images from --new, a json or maps labelled with old '
        'classes too, as mmswap pseudo-label does it (default: the images '
        'that STOCK_CONFIG trains on are retained on)')
    add('--learn', nargs='+', default=(), metavar='NAME',
        help='classes to learn (default: all of --new that the base does not '
        'know; needed for maps)')
    add('--forget', nargs='+', action='append', default=[], metavar='NAME',
        help='classes of the base model to forget (default: none); given '
        'several times, each is a request of its own, and a plan of requests '
        'is written')
    add('--val', type=Path,
        help='annotations to validate on (default: those of the base model)')
    for option, files in itertools.product(('new', 'old', 'val'),
                                           ('images', 'maps')):
        add(f'--{option}-{files}', type=Path, metavar='DIR',
            help=f'folder of the {files} of --{option} (default: where '
            'those of the base model are)')
    add('--out', type=Path, default=Path('.'), metavar='DIR',
        help='folder for the configs (default: the current one)')
    add('--order', choices=list(ORDERS), default='learn-forget',
        help='order of the phases (default: %(default)s); of several '
        f'requests to forget one of {", ".join(PLAN_ORDERS)}')
    add('--preset', choices=list(PRESETS),
        help='LoRA in the last half of the blocks (fast), or in the last '
        'quarter (small) (default: in all of them)')
    add('--batch-size', type=int,
        help='images of a step, half of them or more to retain (default: 4, '
        'of classifiers 32)')
    add('--force', action='store_true',
        help='overwrite configs that are there (default: refuse to)')
    add_trust(parser)


def run_init(args: argparse.Namespace) -> None:
    """Write the configs, and print what was found and what comes next.

    Args:
        args: What was parsed.

    Raises:
        SystemExit: If the swap cannot be, with the reason.
    """
    # What building the model has to say is said below, in short.
    MMLogger.get_instance('mmswap init', log_level='WARNING')
    try:
        settings = Settings(
            tuple(args.learn), args.order, args.batch_size, args.trust,
            args.without_old,
            _source('--old', args.old, args.old_images, args.old_maps),
            args.preset)
        swap = plan_swap(
            args.config, args.checkpoint,
            _source('--new', args.new, args.new_images, args.new_maps),
            args.forget,
            _source('--val', args.val, args.val_images, args.val_maps),
            settings)
        written = write_swap(swap, args.out, args.force)
    except (OSError, ValueError) as error:
        # What it says is for the user, not where it was found.
        raise SystemExit(f'mmswap init: {error}') from error
    print('\n'.join([*_found(swap), '', *_next(swap, args.out, written)]))


def _source(option: str, path: Optional[Path], images: Optional[Path],
            maps: Optional[Path]) -> Optional[Source]:
    if path is not None:
        return Source(option, path, images, maps)
    for files, given in (('images', images), ('maps', maps)):
        if given is not None:
            raise ValueError(f'{option} must be given with {option}-{files}, '
                             f'got {given} alone')
    return None


def _found(swap: Swap) -> List[str]:
    """What was found, a line each."""
    lines = [f'base    {len(swap.base)} classes: {shown(swap.base)}']
    wanted = [('learn', swap.learn, swap.lengths.get('learn'))]
    wanted += [('forget', *request) for request in swap.requests] or [
        ('forget', swap.forget, swap.lengths.get('forget'))]
    lines += [f'{kind:7} {shown(names)}: {length.why()}'
              for kind, names, length in wanted if length]
    others = [f'{key}={value}' for key, value in swap.adapter.items()]
    lines.append(
        f'adapter LoRA in {", ".join([" and ".join(swap.targets), *others])}')
    lines.append(f'val     {swap.val.why}')
    return lines + [f'note    {note}' for note in swap.notes]


def _next(swap: Swap, out: Path, written: List[Path]) -> List[str]:
    """What was written and what to run."""
    wrote = f'Wrote {" ".join(path.as_posix() for path in written)}. Next:'
    if swap.requests:
        plan = out / swap.plan
        return [wrote, f'  mmswap run {plan.as_posix()} --work-dir '
                f'work_dirs/{plan.stem}']
    phases = [(out / swap.name(phase)).as_posix() for phase in swap.phases]
    repeated = len(set(phases)) < len(phases)
    lines = [wrote,
             f'  mmswap run {" ".join(phases)} --work-dir '
             f'work_dirs/{swap.stock.stem}_swap'
             + (' --new-adapters' if repeated else '')]
    if not repeated:
        lines.append(f"or, with {swap.stock.scope}'s own tools:")
        lines += [f'  python tools/train.py {phase}' for phase in phases]
    return lines


INIT = Command(
    'write the configs of a swap from a stock config, a checkpoint and '
    'annotations',
    add_init_arguments,
    run_init,
    about='Write the configs of a swap, and say what to run next. --new is, '
    "for mmdet's configs, a COCO json that has categories the base model does "
    "not know; for mmseg's a folder with images/ and annotations/, whose maps "
    "number the new classes (--learn) after the old ones; for mmpretrain's a "
    'folder with a folder of images for each class. --val is of the same kind '
    'and labelled with the old classes too. Paths in the configs are relative '
    'to the folder that this is run in, as those of stock configs are. '
    'With several --forget a plan of requests is written, to which more can '
    'be appended later. '
    'Nothing is written until everything is found to fit.',
    examples='mmswap init site.py --checkpoint work_dirs/site/epoch_12.pth '
    '--new data/site/learn.json --forget face --val data/site/val_all.json\n'
    'mmswap init site.py --checkpoint work_dirs/site/epoch_12.pth '
    '--forget face --forget vest')
