"""What a swap's training step costs, beside other ways to train.

All models begin with the same random weights and get the same batches:
full fine-tuning of all images as one batch, and branch by branch; LoRA by
plain peft with the group lasso as a term of the loss, branch by branch; and
the swap. Steps are taken in turn, so that a busy machine slows all alike, and
the ratio of each step to that of full fine-tuning is what counts.

With --model the model is a stock one and the images are random, so that no
data is needed.
"""
import argparse
import copy
import statistics
from typing import Any, Dict, Iterator, List

import torch
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from step_contenders import build_contenders
from step_measures import (
    gpu_figures,
    kept_bytes,
    operators,
    sparsity_seconds,
    state_bytes,
    timed,
)
from step_models import MODELS, batches, phase_config

from mmswap.apis.config import enable_amp


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'config', nargs='?', help='config of a learn or forget phase')
    parser.add_argument('--model', choices=sorted(MODELS))
    parser.add_argument(
        '--phase', choices=('learn', 'forget'), default='learn')
    parser.add_argument(
        '--size', type=int, default=224, help='side of the images')
    parser.add_argument(
        '--images', type=int, default=2, help='images of each branch')
    parser.add_argument(
        '--classes', type=int, help='classes of the base model of --model')
    parser.add_argument('--steps', type=int, default=20)
    parser.add_argument('--warmup', type=int, default=3)
    parser.add_argument(
        '--only', nargs='+', help='ways to train beside full fine-tuning')
    parser.add_argument(
        '--variant', nargs='+', action='append', default=[],
        metavar=('NAME', 'KEY=VALUE'),
        help='a further swap, with other options of the config key model')
    parser.add_argument(
        '--profile', metavar='NAME',
        help='print also where the time of a step of this way goes')
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, default={})
    parser.add_argument(
        '--amp', action='store_true', help='mixed precision, GPU only')
    args = parser.parse_args()
    if bool(args.config) == bool(args.model):
        parser.error('either a config or --model is needed')
    return args


def parse_variants(given: List[List[str]]) -> Dict[str, Dict[str, Any]]:
    """What --variant says, by name."""
    parser = argparse.ArgumentParser()
    parser.add_argument('--options', nargs='*', action=DictAction)
    return {
        name: parser.parse_args(['--options', *options]).options or {}
        for name, *options in given
    }


def read(args: argparse.Namespace) -> Config:
    """The phase's config."""
    cfg = (phase_config(args.model, args.phase, args.size, args.classes)
           if args.model else Config.fromfile(args.config))
    cfg.merge_from_dict(args.cfg_options)
    if args.amp:
        enable_amp(cfg)
    return cfg


def load(args: argparse.Namespace, cfg: Config) -> Iterator[Any]:
    """The batches."""
    if args.model:
        return batches(cfg, args.size, args.images)
    return iter(Runner.build_dataloader(cfg.train_dataloader, seed=0))


def run(contenders: Dict[str, Any], loader: Iterator[Any], warmup: int,
        steps: int) -> Dict[str, List[float]]:
    """The seconds of each contender's steps, taken in turn."""
    clocks = {name: timed(each.step) for name, each in contenders.items()}
    times: Dict[str, List[float]] = {name: [] for name in clocks}
    for number in range(warmup + steps):
        batch = next(loader)
        for name, clock in clocks.items():
            seconds = clock(copy.deepcopy(batch))
            if number >= warmup:
                times[name].append(seconds)
    return times


def row(name: str, contender: Any, times: Dict[str, List[float]],
        kept: Dict[str, int]) -> List[str]:
    """The figures of one contender."""
    ratios = [own / full for own, full in zip(times[name], times['full'])]
    median = statistics.median(times[name])
    trained = sum(p.numel() for p in contender.model.parameters()
                  if p.requires_grad)
    return [
        name, f'{1e3 * median:.0f}',
        f'{statistics.median(ratios):.2f} '
        f'({min(ratios):.2f}-{max(ratios):.2f})',
        f'{kept[name] / 2**20:.0f}', f'{kept[name] / kept["full"]:.2f}',
        f'{state_bytes(contender.optim) / 2**20:.1f}', f'{trained:,}',
        f'{sparsity_seconds(contender.optim) / median:.2%}'
    ]


def main() -> None:
    args = parse_args()
    cfg = read(args)
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    contenders = build_contenders(cfg, device, parse_variants(args.variant))
    if args.only:
        contenders = {name: each for name, each in contenders.items()
                      if name in ('full', *args.only)}
    loader = load(args, cfg)
    times = run(contenders, loader, args.warmup, args.steps)
    batch = next(loader)
    kept = {
        name: kept_bytes(each.model, each.step, copy.deepcopy(batch))
        for name, each in contenders.items()
    }
    table = [['step', 'median, ms', 'of full', 'kept, MiB', 'of full',
              'optimizer, MiB', 'trained parameters', 'sparsity']]
    table += [row(name, each, times, kept)
              for name, each in contenders.items()]
    if device == 'cuda':
        table[0] += ['peak, GiB', 'launches', 'waits']
        for line, each in zip(table[1:], contenders.values()):
            found = gpu_figures(each.step, copy.deepcopy(batch))
            line += [f'{found["peak"]:.2f}', f'{found["launches"]:.0f}',
                     f'{found["waits"]:.0f}']
    table.insert(1, ['---'] * len(table[0]))
    print()
    for line in table:
        print(f'| {" | ".join(line)} |')
    print(f'\n{args.steps} steps of each in turn on {device}, '
          f'{torch.get_num_threads()} threads')
    if args.profile:
        print(operators(contenders[args.profile].step, batch))


if __name__ == '__main__':
    main()
