"""Begins or resumes a phase, and makes its steps repeatable."""
from typing import Any

import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmswap.datasets.seeding import mix_seed
from mmswap.engine.unwrap import swap_model_of
from mmswap.models import SwapModel
from mmswap.registry import HOOKS


@HOOKS.register_module()
class SwapHook(Hook):
    """What every run of a ``mmswap.SwapModel`` needs.

    In a config: ``default_hooks = dict(swap=dict(type='mmswap.SwapHook'))``.

    Before the first iteration it begins a phase, or resumes one: a run at
    iteration 0 begins, whatever it has loaded. Before every iteration it
    seeds torch by the run's seed, the rank and the iteration, so that what a
    model draws while it trains (denoising queries, sampled points, dropout)
    is the same in a run that was interrupted and resumed. Of a stock model
    it does only the latter.
    """

    # Before the hooks that go by what the phase begins with.
    priority = 'VERY_HIGH'

    def before_train(self, runner: Runner) -> None:
        """Begin or resume the phase."""
        model = swap_model_of(runner)
        if not isinstance(model, SwapModel):
            return
        if runner.iter == 0:
            model.start_phase()
        else:
            model.resume_phase()

    def before_train_iter(self,
                          runner: Runner,
                          batch_idx: int,
                          data_batch: Any = None) -> None:
        """Seed."""
        del batch_idx, data_batch
        if runner.seed is not None:
            torch.manual_seed(
                mix_seed((runner.seed, get_rank(), runner.iter)))
