"""Swap a digit model in the four orders of Knowledge Swapping and compare.

L is the learn phase and F the forget phase. A run that is finished is not run
again, and L-F-L goes on from L-F as F-L-F does from F-L. The base model is
trained first where its checkpoint is missing.
"""
import argparse
import shutil
from pathlib import Path
from typing import Dict, List

from digits import mean_cell, shares, train_base
from mmengine.config import Config

from mmswap.apis import run_swap
from mmswap.class_table import SPLITS, ClassTable
from mmswap.datasets.digits.scenes import make_digit_scenes

ORDERS = dict(
    LF=('learn', 'forget'),
    FL=('forget-first', 'learn'),
    LFL=('learn', 'forget', 'learn'),
    FLF=('forget-first', 'learn', 'forget'))


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('model', help='such as vit-nano, of configs/digits')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument(
        '--new-adapters',
        action='store_true',
        help='an adapter of its own for each phase')
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs/orders_benchmark'))
    return parser.parse_args()


def share_start(folder: Path, order: str, run: str) -> None:
    """Copy the phases of an order that this one begins with, of one run."""
    target = folder / order / run
    for done in ORDERS:
        source = folder / done / run
        if order != done and order.startswith(done) and source.is_dir() \
                and not target.is_dir():
            shutil.copytree(source, target)


def main() -> None:
    args = parse_args()
    make_digit_scenes(Path('data/digits'))
    train_base(args.model)
    stem = f'configs/digits/{args.model}'
    table = ClassTable.from_cfg(Config.fromfile(f'{stem}_learn.py').classes)
    folder = args.work_dir / args.model
    if args.new_adapters:
        folder = folder / 'new_adapters'
    lines: List[str] = []
    for order, phases in ORDERS.items():
        runs: List[Dict[str, float]] = []
        for seed in args.seeds:
            share_start(folder, order, f'seed{seed}')
            report = run_swap([f'{stem}_{phase}.py' for phase in phases],
                              folder / order / f'seed{seed}',
                              cfg_options={'randomness.seed': seed},
                              new_adapters=args.new_adapters)
            runs.append(shares(report, table))
        cells = [mean_cell([run[split] for run in runs]) for split in SPLITS]
        lines.append(f'| {order} | ' + ' | '.join(cells) + ' |')
    print(f'\n{args.model}, share of the base figure at the end, mean '
          f'(lowest-highest) over the seeds {args.seeds}:\n\n'
          '| order | retain | forget | learn |\n'
          '| --- | --- | --- | --- |\n' + '\n'.join(lines))


if __name__ == '__main__':
    main()
