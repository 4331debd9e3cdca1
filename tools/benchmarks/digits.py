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
from mmswap.apis.pseudo import pseudo_label
from mmswap.apis.report import primary_metrics
from mmswap.class_table import SPLITS, ClassTable
from mmswap.datasets.digits.scenes import make_digit_scenes

DETECTORS = ('mask2former_swin-nano', 'dino_swin-nano',
             'mask-rcnn_swin-nano_fpn')
MODELS = (*DETECTORS, 'mask2former-seg_swin-nano', 'fcn_r18-nano', 'vit-nano',
          'mask2former-panoptic_swin-nano')

# The two configs of each way to swap, by the ends of their names.
WAYS = {
    'published': ('learn', 'forget'),
    'unnamed': ('learn-retaining', 'forget-unnamed'),
    'new-alone': ('learn-new-alone', 'forget-new-alone'),
}
# Digits 8 and 9 among others, which the base model labels.
MIXED = Path('data/digits/annotations/mixed.json')
PARTS = ('named', 'renamed', 'unseen')

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
    parser.add_argument(
        '--way',
        choices=WAYS,
        default='published',
        help='published; unnamed: forgotten objects are to have no name; '
        'new-alone: so, without an old image (default: %(default)s)')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs/digits_benchmark'))
    args = parser.parse_args()
    lacking = [model for model in args.models
               if not all(map(Path.is_file, _configs(model, args.way)))]
    if lacking:
        parser.error(f'--way {args.way} must go with models that have its '
                     f'configs, got {lacking}')
    return args


def _configs(model: str, way: str) -> List[Path]:
    return [Path(f'configs/digits/{model}_{phase}.py') for phase in WAYS[way]]


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


def label_mixed(model: str) -> None:
    """Have the base model label the old digits among new ones.

    Each base writes them anew, as each sees others.
    """
    learn = Config.fromfile(f'configs/digits/{model}_learn.py')
    pseudo_label(f'configs/digits/{model}_base.py', learn.load_from,
                 MIXED.parents[1] / 'images/mixed',
                 MIXED.with_name('mixed_all.json'), MIXED)


def shares(report: Dict[str, Any], table: ClassTable) -> Dict[str, float]:
    """Retain, forget and learn at the end as shares of the base's figures.

    What is learned has no base figure of its own; it is compared with the
    mean over the base model's classes. And the shares of what is forgotten
    (objects, pixels or images) that are named, renamed and unseen.
    """
    columns = report['columns']
    base = primary_metrics(report['metrics'][columns[0]])
    end_parts = report['metrics'][columns[-1]]
    end = primary_metrics(end_parts)
    of_each = [len(table.retain) * base['retain'],
               len(table.forget) * base['forget']]
    return dict(
        retain=end['retain'] / base['retain'],
        forget=end['forget'] / base['forget'],
        learn=end['learn'] / (sum(of_each) / table.num_base),
        **{part: end_parts[f'forget/{part}'] for part in PARTS})


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
        if args.way == 'new-alone':
            label_mixed(model)
        configs = _configs(model, args.way)
        table = ClassTable.from_cfg(Config.fromfile(configs[0]).classes)
        runs = []
        for seed in args.seeds:
            report = run_swap(
                configs, args.work_dir / args.way / model / f'seed{seed}',
                cfg_options={'randomness.seed': seed})
            runs.append(shares(report, table))
        results[model] = runs
        cells = [mean_cell([run[key] for run in runs])
                 for key in (*SPLITS, *PARTS)]
        lines.append(f'| {model} | ' + ' | '.join(cells) + ' |')
    print('\nShare of the base figure, mean (lowest-highest) over the seeds '
          f'{args.seeds}; of what is forgotten the shares that are named, '
          f'renamed and unseen:\n\n| {" | ".join(("model", *SPLITS, *PARTS))} '
          f'|\n|{7 * " --- |"}\n' + '\n'.join(lines))
    args.work_dir.mkdir(parents=True, exist_ok=True)
    out = args.work_dir / 'shares.json'
    out.write_text(json.dumps(results, indent=2) + '\n')


if __name__ == '__main__':
    main()
