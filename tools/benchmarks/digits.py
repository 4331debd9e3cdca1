"""Swap the digit models with several seeds and print how well it went.

A run that is finished is not run again. Base models are trained first, where
their checkpoint is missing; that of Mask2Former for instances is shipped.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Sequence

from mmengine.config import Config

from mmswap.apis import build_runner, load_config, run_swap
from mmswap.apis.report import primary_metrics
from mmswap.class_table import SPLITS, ClassTable
from mmswap.datasets.digits.scenes import make_digit_scenes

DETECTORS = ('mask2former_swin-nano', 'dino_swin-nano',
             'mask-rcnn_swin-nano_fpn')
MODELS = (*DETECTORS, 'mask2former-seg_swin-nano', 'fcn_r18-nano', 'vit-nano',
          'mask2former-panoptic_swin-nano')

# What these bases start from is made of the shipped one.
CONVERTER = 'tools/model_converters/add_background.py'
SHIPPED = 'configs/digits/mask2former_swin-nano_base.safetensors'
TASKS = {
    'mask2former-seg_swin-nano': 'semantic',
    'mask2former-panoptic_swin-nano': 'panoptic'
}


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--models',
        nargs='+',
        choices=MODELS,
        default=DETECTORS,
        help='default: the three detectors')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs/digits_benchmark'))
    return parser.parse_args()


def train_base(model: str) -> None:
    """Train a base model unless its checkpoint is there."""
    learn = Config.fromfile(f'configs/digits/{model}_learn.py')
    if Path(learn.load_from).is_file():
        return
    cfg = load_config(
        f'configs/digits/{model}_base.py',
        work_dir=str(Path(learn.load_from).parent))
    if model in TASKS:
        subprocess.run(
            [sys.executable, CONVERTER, TASKS[model], SHIPPED, cfg.load_from],
            check=True)
    build_runner(cfg).train()


def shares(report: Dict[str, Any], table: ClassTable) -> Dict[str, float]:
    """Retain, forget and learn at the end as shares of the base's figures.

    What is learned has no base figure of its own; it is compared with the
    mean over the base model's classes.
    """
    columns = report['columns']
    base = primary_metrics(report['metrics'][columns[0]])
    end = primary_metrics(report['metrics'][columns[-1]])
    of_each = [len(table.retain) * base['retain'],
               len(table.forget) * base['forget']]
    return dict(
        retain=end['retain'] / base['retain'],
        forget=end['forget'] / base['forget'],
        learn=end['learn'] / (sum(of_each) / table.num_base))


def mean_cell(values: Sequence[float]) -> str:
    """Mean, lowest and highest, for a table."""
    mean = sum(values) / len(values)
    return f'{mean:.3f} ({min(values):.3f}-{max(values):.3f})'


def main() -> None:
    args = parse_args()
    make_digit_scenes(Path('data/digits'))
    lines: List[str] = []
    results: Dict[str, Any] = {}
    for model in args.models:
        train_base(model)
        configs = [f'configs/digits/{model}_{phase}.py'
                   for phase in ('learn', 'forget')]
        table = ClassTable.from_cfg(Config.fromfile(configs[0]).classes)
        runs = []
        for seed in args.seeds:
            report = run_swap(configs, args.work_dir / model / f'seed{seed}',
                              cfg_options={'randomness.seed': seed})
            runs.append(shares(report, table))
        results[model] = runs
        cells = [mean_cell([run[split] for run in runs]) for split in SPLITS]
        lines.append(f'| {model} | ' + ' | '.join(cells) + ' |')
    print('\nShare of the base figure, mean (lowest-highest) over the seeds '
          f'{args.seeds}:\n\n| model | retain | forget | learn |\n'
          '| --- | --- | --- | --- |\n' + '\n'.join(lines))
    args.work_dir.mkdir(parents=True, exist_ok=True)
    out = args.work_dir / 'shares.json'
    out.write_text(json.dumps(results, indent=2) + '\n')


if __name__ == '__main__':
    main()
