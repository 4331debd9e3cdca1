"""Forget four digits one after another, then take the second request back.

Prints how much of the base model is left of the classes that are kept and of
those that were forgotten. What is finished is not run again. With --cost,
prints instead what a step costs at the first and at the eighth request.
"""
import argparse
import copy
import statistics
from pathlib import Path
from typing import Any, Dict, Iterable, List, Sequence

from digits import mean_cell, train_base
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.runner import Runner
from step_contenders import SwapContender
from step_measures import timed

from mmswap.apis import build_runner, run_swap
from mmswap.apis.config import drop_training
from mmswap.apis.merge import load_model
from mmswap.apis.plan import Phase, plan_phases
from mmswap.class_table import ClassTable
from mmswap.datasets.digits.scenes import make_digit_scenes

CONFIGS = Path('configs/digits').resolve()
EIGHT = [
    *[dict(forget=[name]) for name in ('three', 'five', 'one', 'six')],
    dict(learn=['eight']), dict(learn=['nine']), dict(forget=['two']),
    dict(forget=['four'])
]


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('models', nargs='+', help='such as vit-nano')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument('--cost', action='store_true')
    parser.add_argument(
        '--steps', type=int, default=12, help='steps to time with --cost')
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs/requests_benchmark'))
    return parser.parse_args()


def write_plan(path: Path, model: str, requests: Sequence[dict]) -> Path:
    """Write a plan of requests for a digit model."""
    configs = {kind: str(CONFIGS / f'{model}_request-{kind}.py')
               for kind in ('forget', 'learn')}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'configs = {configs}\nrequests = {list(requests)}\n')
    return path


def per_class(phase: Phase, checkpoint: str) -> Dict[str, float]:
    """AP of each class (masks before boxes), or top-1 of its images."""
    cfg = copy.deepcopy(phase.cfg)
    names = ClassTable.from_cfg(cfg.model.classes).names
    if cfg.default_scope == 'mmpretrain':
        metric = dict(
            type='SingleLabelMetric', items=('recall', ), average=None)
    else:
        metric = dict(cfg.val_evaluator.metrics)
        metric.pop('ann_file')  # The truth comes with the samples.
    cfg.val_evaluator.metrics = dict(all=metric)
    cfg.load_from = checkpoint
    drop_training(cfg)
    metrics = build_runner(cfg).val()
    if cfg.default_scope == 'mmpretrain':
        return dict(zip(names, metrics['all/single-label/recall_classwise']))
    return {name: metrics[f'all/coco/{name}_precision'] for name in names}


def share(now: Dict[str, float], base: Dict[str, float],
          names: Iterable[str]) -> float:
    """The mean over some classes as a share of the base model's."""
    names = list(names)
    return sum(now[n] for n in names) / sum(base[n] for n in names)


def stream(model: str, seed: int, folder: Path) -> Dict[str, float]:
    """Run the requests of a model with one seed."""
    requests = Config.fromfile(str(CONFIGS / f'{model}_requests.py')).requests
    plan = write_plan(folder / 'plan.py', model,
                      [*requests, dict(undo='2-forget-five')])
    options = {'randomness.seed': seed}
    report = run_swap([plan], folder, cfg_options=options)
    *phases, undo = plan_phases([plan], folder, cfg_options=options)
    last, checkpoints = phases[-1], report['checkpoints']
    table = ClassTable.from_cfg(last.cfg.model.classes)
    gone = (*table.forgotten_before, *table.forget)
    base = per_class(phases[0], phases[0].cfg.load_from)
    end = per_class(last, checkpoints[last.name])
    undone = per_class(undo, checkpoints[undo.name])
    return {
        'retain': share(end, base, table.retain),
        'worst forgotten': max(share(end, base, [n]) for n in gone),
        'undone: its class': share(undone, base, ['five']),
        'undone: retain': share(undone, base, table.retain),
        'undone: worst forgotten': max(
            share(undone, base, [n]) for n in gone if n != 'five'),
    }


def print_streams(args: argparse.Namespace) -> None:
    """The table of all models."""
    lines: List[str] = []
    for model in args.models:
        runs = [stream(model, seed, args.work_dir / model / f'seed{seed}')
                for seed in args.seeds]
        if not lines:
            lines = ['| model | ' + ' | '.join(runs[0]) + ' |',
                     '| --- |' + ' --- |' * len(runs[0])]
        cells = [mean_cell([run[key] for run in runs]) for key in runs[0]]
        lines.append(f'| {model} | ' + ' | '.join(cells) + ' |')
    print(f'\nShare of the base figure, mean (lowest-highest) over the seeds '
          f'{args.seeds}:\n\n' + '\n'.join(lines))


def request_stepper(phase: Phase, checkpoint: str) -> Any:
    """A function that takes and times a step of a request."""
    model = load_model(phase.cfg, checkpoint).train()
    optim = build_optim_wrapper(model, copy.deepcopy(phase.cfg.optim_wrapper))
    return timed(SwapContender(model, optim).step)


def print_cost(model: str, folder: Path, steps: int) -> None:
    """Eight short requests: time of a step, size of a checkpoint."""
    options = {
        'train_cfg.max_iters': 2,
        'train_cfg.val_interval': 100,
        'default_hooks.checkpoint.save_optimizer': False
    }
    plan = write_plan(folder / 'plan.py', model, EIGHT)
    report = run_swap([plan], folder, cfg_options=options)
    phases = plan_phases([plan], folder, cfg_options=options)
    checkpoints = [report['checkpoints'][phase.name] for phase in phases]
    # Each request begins with what the one before it wrote.
    first = request_stepper(phases[0], phases[0].cfg.load_from)
    eighth = request_stepper(phases[7], checkpoints[6])
    batches = [
        iter(Runner.build_dataloader(phase.cfg.train_dataloader, seed=0))
        for phase in (phases[0], phases[7])
    ]
    ratios = []
    for number in range(steps + 3):
        seconds = [step(next(data))
                   for step, data in zip((first, eighth), batches)]
        if number >= 3:  # Warm.
            ratios.append(seconds[1] / seconds[0])
    print(f'\n{model}: a step of request 8 / one of request 1: median '
          f'{statistics.median(ratios):.2f}, {min(ratios):.2f} to '
          f'{max(ratios):.2f} over {steps} pairs')
    sizes = [Path(path).stat().st_size / 2**20 for path in checkpoints]
    print('checkpoint after each request, MiB: ' +
          ', '.join(f'{size:.2f}' for size in sizes))


def main() -> None:
    args = parse_args()
    make_digit_scenes(Path('data/digits'))
    for model in args.models:
        train_base(model)
        if args.cost:
            print_cost(model, args.work_dir / model / 'cost', args.steps)
    if not args.cost:
        print_streams(args)


if __name__ == '__main__':
    main()
