"""Stops a run that is not finite before it saves or reports anything."""
from typing import Any, Collection, Dict, Mapping, Optional

import torch
from mmengine import dist
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor

from mmswap.config.listing import listed
from mmswap.engine.saved_files import newest_checkpoint
from mmswap.engine.unwrap import swap_model_of
from mmswap.models.finite import not_finite
from mmswap.registry import HOOKS

_SHOWN = 3


@HOOKS.register_module()
class FiniteHook(Hook):
    """Refuses weights and losses that are not finite.

    A model whose weights are NaN detects nothing, and to have forgotten is
    what that looks like. So a checkpoint with such weights is not loaded, and
    none is written: what was saved last stays. And a run stops in which the
    loss was not finite for some steps in a row. A few are borne, as a
    gradient scaler skips them.

    Args:
        patience: Steps in a row that end a run. Defaults to 10.
        interval: Steps between looks at their count, each of which waits for
            the GPU. Defaults to 50.

    Raises:
        ValueError: If one of the two is below 1.
    """

    # After the moving average is put in its place, before anything is saved.
    priority = 'LOW'

    def __init__(self, patience: int = 10, interval: int = 50) -> None:
        for name, value in (('patience', patience), ('interval', interval)):
            if value < 1:
                raise ValueError(f'{name} must be at least 1, got {value}')
        self.patience = patience
        self.interval = interval
        self._in_a_row: Optional[Tensor] = None

    def after_load_checkpoint(self, runner: Runner,
                              checkpoint: Dict[str, Any]) -> None:
        """Refuse what is loaded.

        Raises:
            ValueError: If a weight is not finite.
        """
        wrong = not_finite(checkpoint.get('state_dict', checkpoint),
                            _parameters(runner))
        if wrong:
            raise ValueError(
                'load_from must be a checkpoint with finite weights; not '
                f'finite are {listed(wrong, _SHOWN)}')

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: Any = None,
                         outputs: Optional[Dict[str, Any]] = None) -> None:
        """Count the steps, and now and then look.

        Raises:
            FloatingPointError: If ``patience`` steps in a row were not
                finite.
        """
        del batch_idx, data_batch
        loss = (outputs or {}).get('loss')
        if not isinstance(loss, Tensor):
            return
        count = torch.zeros_like(loss, dtype=torch.long) if (
            self._in_a_row is None) else self._in_a_row
        finite = torch.isfinite(loss.detach())
        self._in_a_row = torch.where(finite, 0, count + 1)
        if not self.every_n_train_iters(runner, self.interval):
            return
        worst = self._in_a_row.clone()
        dist.all_reduce(worst, op='max')
        if int(worst) >= self.patience:
            raise _stopped(
                runner, f'the loss was not finite for {int(worst)} steps')

    def before_save_checkpoint(self, runner: Runner,
                               checkpoint: Dict[str, Any]) -> None:
        """Write nothing over a good checkpoint.

        Raises:
            FloatingPointError: If a weight is not finite.
        """
        self._check(runner, checkpoint['state_dict'])

    def after_train(self, runner: Runner) -> None:
        """Let nothing be scored; as :meth:`before_save_checkpoint`."""
        self._check(runner, swap_model_of(runner).state_dict())

    def _check(self, runner: Runner, state: Mapping[str, Any]) -> None:
        wrong = not_finite(state, _parameters(runner))
        if wrong:
            raise _stopped(
                runner, f'not finite are {listed(wrong, _SHOWN)}')


def _parameters(runner: Runner) -> Collection[str]:
    return {name for name, _ in swap_model_of(runner).named_parameters()}


def _stopped(runner: Runner, why: str) -> FloatingPointError:
    last = newest_checkpoint(runner.work_dir)
    saved = 'nothing was saved yet' if last is None else (
        f'the last good checkpoint is {last}')
    return FloatingPointError(
        f'training ended after {runner.iter} steps, as {why}; {saved}. '
        'optim_wrapper.optimizer.lr should be lower, or '
        'optim_wrapper.clip_grad be set, or --amp be left out')
