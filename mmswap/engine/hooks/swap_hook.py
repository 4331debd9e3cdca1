"""Begins or resumes a phase, and makes its steps repeatable."""
from typing import Any, Dict

import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmswap.datasets.seeding import mix_seed
from mmswap.engine.averaging import average_what_trains, averaged_model_of
from mmswap.engine.class_checks import (
    check_checkpoint_classes,
    check_run_classes,
)
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

    def after_load_checkpoint(self, runner: Runner,
                              checkpoint: Dict[str, Any]) -> None:
        """Compare the class names of a checkpoint with the model's.

        Raises:
            ValueError: If a class has another label there.
        """
        model = swap_model_of(runner)
        if isinstance(model, SwapModel):
            check_checkpoint_classes(
                checkpoint.get('meta') or {}, model.class_table)

    def before_train(self, runner: Runner) -> None:
        """Begin or resume the phase, of the moving average too.

        Raises:
            ValueError: If the class tables of the run are not one.
        """
        model = swap_model_of(runner)
        if not isinstance(model, SwapModel):
            return
        check_run_classes(runner, model.class_table)
        for each in filter(None, (model, averaged_model_of(runner))):
            if runner.iter == 0:
                each.start_phase()
            else:
                each.resume_phase()
        average_what_trains(runner)

    def before_train_iter(self,
                          runner: Runner,
                          batch_idx: int,
                          data_batch: Any = None) -> None:
        """Seed."""
        del batch_idx, data_batch
        if runner.seed is not None:
            torch.manual_seed(
                mix_seed((runner.seed, get_rank(), runner.iter)))
