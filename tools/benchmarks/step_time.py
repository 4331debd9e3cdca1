"""Time a swap's training step against full fine-tuning of the same images.

Both models are the phase config's own, with random weights, on the same
batches. Steps are taken in turn, so that a busy machine slows both alike, and
the ratio of each pair is what counts.
"""
import argparse
import copy
import statistics
import time
from typing import Any, Callable, Dict, List

import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODELS, init_default_scope
from mmengine.runner import Runner
from torch import nn

from mmswap.apis.config import enable_amp


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config of a learn or forget phase')
    parser.add_argument('--steps', type=int, default=20)
    parser.add_argument('--warmup', type=int, default=3)
    parser.add_argument(
        '--amp', action='store_true', help='mixed precision, GPU only')
    return parser.parse_args()


def joined(batch: Dict[str, list]) -> Dict[str, list]:
    """The images of all branches as one batch."""
    return {key: items for key, items in batch.items() if key != 'branch'}


def stepper(model: nn.Module, optim: Any) -> Callable[[Any], float]:
    """A function that takes one training step and returns its seconds.

    On a CPU those that the process had, as a shared machine gives it more at
    one time than at another.
    """
    on_gpu = torch.cuda.is_available()
    clock = time.perf_counter if on_gpu else time.process_time

    def step(batch: Any) -> float:
        if on_gpu:
            torch.cuda.synchronize()
        start = clock()
        model.train_step(batch, optim)
        if on_gpu:
            torch.cuda.synchronize()
        return clock() - start

    return step


def peak_memory(step: Callable[[Any], float], batch: Any) -> float:
    """GPU memory of one step in GiB, of both models' weights too."""
    torch.cuda.reset_peak_memory_stats()
    step(batch)
    return torch.cuda.max_memory_allocated() / 2**30


def main() -> None:
    args = parse_args()
    cfg = Config.fromfile(args.config)
    if args.amp:
        enable_amp(cfg)
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    base = MODELS.build(copy.deepcopy(cfg.model.model))
    swap = MODELS.build(cfg.model).to(device).train()
    swap.load_state_dict(base.state_dict())
    full = MODELS.build(copy.deepcopy(swap.inner_cfg)).to(device).train()
    stock_optim = copy.deepcopy(cfg.optim_wrapper)
    for key in ('constructor', 'group_sparse'):
        stock_optim.pop(key, None)
    steps = dict(
        swap=stepper(swap, build_optim_wrapper(swap, cfg.optim_wrapper)),
        full=stepper(full, build_optim_wrapper(full, stock_optim)))
    loader = iter(Runner.build_dataloader(cfg.train_dataloader, seed=0))
    times: Dict[str, List[float]] = dict(swap=[], full=[])
    for number in range(args.warmup + args.steps):
        batch = next(loader)
        batches = dict(swap=batch, full=joined(batch))
        for name, step in steps.items():
            seconds = step(copy.deepcopy(batches[name]))
            if number >= args.warmup:
                times[name].append(seconds)
    ratios = [s / f for s, f in zip(times['swap'], times['full'])]
    print('\n| step | median, ms | trained parameters |'
          '\n| --- | --- | --- |')
    for name, model in (('full', full), ('swap', swap)):
        trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
        print(f'| {name} | {1e3 * statistics.median(times[name]):.0f} | '
              f'{trained:,} |')
    print(f'\nswap / full: median {statistics.median(ratios):.2f}, '
          f'{min(ratios):.2f} to {max(ratios):.2f} over {len(ratios)} pairs '
          f'on {device}')
    if device == 'cuda':
        for name, step in steps.items():
            peak = peak_memory(step, copy.deepcopy(batches[name]))
            print(f'peak memory of a {name} step: {peak:.2f} GiB')


if __name__ == '__main__':
    main()
