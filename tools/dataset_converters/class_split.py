"""Write a class split: which classes are learned, forgotten and retained.

What comes out is a config with one line, ``classes = dict(base=..., learn=...,
forget=...)``, to be inherited by the configs of a swap.
"""
import argparse
import pprint
import shlex
import sys
from json import JSONDecodeError
from pathlib import Path
from typing import List, Optional, Sequence

from common import check_names, read_lines, shuffled, stop, whole

from mmswap.class_table import ClassTable
from mmswap.config.coco_categories import read_categories


def read_names(path: Path) -> List[str]:
    """The classes of a COCO json, in file order, or of a list."""
    if not path.is_file():
        stop(f'{path} must be a COCO json, or a text file with one class a '
             f'line, but there is none')
    if path.suffix != '.json':
        return read_lines(path)
    try:
        return list(read_categories(str(path)).values())
    except (KeyError, TypeError, JSONDecodeError) as error:
        stop(f'{path} must be a COCO json with categories, but reading '
                    f'them failed: {error!r}')


def choose(key: str, names: Optional[Sequence[str]], num: Optional[int],
           pool: Sequence[str], seed: int, where: Path) -> List[str]:
    """The classes named, or so many of ``pool`` drawn, in its order.

    Args:
        key: ``learn`` or ``forget``.
        names: What ``--<key>`` says.
        num: What ``--num-<key>`` says.
        pool: The classes to choose from.
        seed: Seed of the draw.
        where: What they were read from.
    """
    if names is not None:
        check_names(f'--{key}', names, pool, str(where))
        return list(names)
    if num is None:
        return []
    if not 0 <= num <= len(pool):
        stop(f'--num-{key} must lie between 0 and {len(pool)}, the number of '
             f'classes to choose from in {where}, got {num}')
    drawn = set(shuffled(pool, seed)[:num])
    return [name for name in pool if name in drawn]


def make_table(args: argparse.Namespace) -> ClassTable:
    """The class table that the command line asks for."""
    base = read_names(args.base)
    source = args.learn_from or args.base
    pool = read_names(source)
    if args.learn_from and args.learn is None and args.num_learn is None:
        learn = pool
    else:
        learn = choose('learn', args.learn, args.num_learn, pool, args.seed,
                       source)
    if not args.learn_from:
        base = [name for name in base if name not in learn]
    forget = choose('forget', args.forget, args.num_forget, base, args.seed,
                    args.base)
    try:
        return ClassTable(base, learn, forget)
    except ValueError as error:
        stop(f'{args.base} and {source} give no class split: {error}')


def as_config(table: ClassTable) -> str:
    """The text of the config."""
    parts = []
    for key, names in table.as_dict().items():
        text = pprint.pformat(names, width=70 - len(key), compact=True)
        indent = '\n' + ' ' * (len(key) + 5)
        parts.append(f'    {key}={text}'.replace('\n', indent))
    return 'classes = dict(\n' + ',\n'.join(parts) + ')\n'


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        'base',
        type=Path,
        help="the base model's classes in its order: the COCO json that it "
        'was trained on, or a text file with one class a line')
    parser.add_argument('out', type=Path, help='config to write, *.py')
    parser.add_argument(
        '--learn-from',
        type=Path,
        help='json or text file of the new classes (default: they are taken '
        'out of BASE)')
    learn = parser.add_mutually_exclusive_group()
    learn.add_argument('--learn', nargs='+', help='classes to learn')
    learn.add_argument('--num-learn', type=int, help='how many to draw')
    forget = parser.add_mutually_exclusive_group()
    forget.add_argument('--forget', nargs='+', help='classes to forget')
    forget.add_argument('--num-forget', type=int, help='how many to draw')
    parser.add_argument(
        '--seed', type=int, default=0, help='seed of what is drawn')
    args = parser.parse_args()
    if args.out.suffix != '.py':
        parser.error(f'OUT must end in .py, got {args.out}')
    return args


def main() -> None:
    """Write the class split that the command line asks for."""
    args = parse_args()
    table = make_table(args)
    command = shlex.join(['class_split.py', *sys.argv[1:]])
    with whole(args.out) as part:
        part.write_text(f'# {command}\n{as_config(table)}', encoding='utf-8')
    print(f'{args.out}: {len(table.retain)} classes to retain, learn '
          f'{list(table.learn)}, forget {list(table.forget)}')


if __name__ == '__main__':
    main()
