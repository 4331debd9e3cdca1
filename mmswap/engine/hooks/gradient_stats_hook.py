"""The gradients that a phase sends to its adapter, for the paper's figure."""
import json
from pathlib import Path
from typing import Any, Dict, List, Optional

import torch
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch import Tensor, nn

from mmswap.engine.optim_wrapper import (
    GroupSparseAmpOptimWrapper,
    GroupSparseOptimWrapper,
)
from mmswap.engine.unwrap import swap_model_of
from mmswap.registry import HOOKS

_KEY = 'mmswap_gradient_stats'


@HOOKS.register_module()
class GradientStatsHook(Hook):
    """Mean gradient and mean absolute gradient of each LoRA matrix.

    Knowledge Swapping compares them between learning and forgetting to show
    which layers each phase moves first (Sec. 4, the figure that motivates
    learning before forgetting). They are those of the task losses: averaged
    over processes and unscaled, before the group-sparse term and before
    clipping, in both phases alike. The published code takes them before
    clipping in one phase and after it in the other.

    Written to ``<work_dir>/gradient_stats.json``: for each group, in the
    model's order, and in it for each matrix, ``mean`` and ``mean_abs`` over
    its elements and over the updates since the start of the phase. A resumed
    run goes on counting. An update in which a gradient is infinite or NaN, as
    in the steps that AMP skips, is not counted.

    Args:
        interval: Updates between two writings; the last one is written too.

    Raises:
        ValueError: If ``interval`` is not positive.
    """

    priority = 'NORMAL'

    def __init__(self, interval: int = 1000) -> None:
        if interval < 1:
            raise ValueError('GradientStatsHook.interval must be positive, '
                             f'got {interval}')
        self.interval = interval
        # Sums over updates of the two means, float32 of shape (2, number of
        # matrices), and the number of updates. Tensors, as asking the GPU
        # whether an update counts would wait for it.
        self._sums: Optional[Tensor] = None
        self._updates: Optional[Tensor] = None
        self._loaded: Dict[str, Any] = {}

    def before_train(self, runner: Runner) -> None:
        """Begin to listen; in a resumed run go on from what was counted.

        Raises:
            TypeError: If the optim wrapper is not a group-sparse one.
            ValueError: If the model has no adapter.
        """
        wrapper = runner.optim_wrapper
        if not isinstance(wrapper, (GroupSparseOptimWrapper,
                                    GroupSparseAmpOptimWrapper)):
            raise TypeError(
                'optim_wrapper.constructor must be '
                "'mmswap.SwapOptimWrapperConstructor' with GradientStatsHook, "
                f'got a {type(wrapper).__name__}')
        self._groups = wrapper.sparsity.groups
        if not self._groups:
            raise ValueError("model.trains must be 'adapter' with "
                             'GradientStatsHook, got '
                             f'{swap_model_of(runner).trains!r}')
        if runner.iter > 0 and self._loaded:
            self._sums = self._loaded['sums']
            self._updates = torch.as_tensor(self._loaded['updates'])
        wrapper.sparsity.listeners.append(self._count)

    @torch.no_grad()
    def _count(self) -> None:
        """Add what the matrices' gradients are now; no transfer from a GPU."""
        grads: List[Tensor] = [
            torch.zeros_like(p) if p.grad is None else p.grad
            for params in self._groups.values() for p in params
        ]
        now = torch.stack([
            torch.stack([grad.float().mean() for grad in grads]),
            torch.stack([grad.float().abs().mean() for grad in grads])
        ])
        counts = now.isfinite().all()
        now = torch.where(counts, now, 0.)
        if self._sums is None or self._updates is None:
            self._sums, self._updates = now, counts.long()
        else:
            self._sums = self._sums.to(now) + now
            self._updates = self._updates.to(now.device) + counts

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: Any = None,
                         outputs: Optional[dict] = None) -> None:
        """Write every ``interval`` iterations."""
        if self.every_n_train_iters(runner, self.interval):
            self._write(runner)

    def after_train(self, runner: Runner) -> None:
        """Write the last time."""
        self._write(runner)

    def before_save_checkpoint(self, runner: Runner,
                               checkpoint: Dict[str, Any]) -> None:
        """Keep what was counted."""
        if self._sums is not None and self._updates is not None:
            checkpoint[_KEY] = dict(
                sums=self._sums.cpu(), updates=int(self._updates))

    def after_load_checkpoint(self, runner: Runner,
                              checkpoint: Dict[str, Any]) -> None:
        """Keep what was counted until it is known whether the run resumes."""
        self._loaded = checkpoint.get(_KEY, {})

    @master_only
    def _write(self, runner: Runner) -> None:
        updates = 0 if self._updates is None else int(self._updates)
        if self._sums is None or not updates:
            return
        mean, mean_abs = (self._sums / updates).tolist()
        values = iter(zip(mean, mean_abs))
        names = _matrix_names(swap_model_of(runner).model, self._groups)
        stats = {
            group: {
                name: dict(zip(('mean', 'mean_abs'), next(values)))
                for name in names[group]
            }
            for group in self._groups
        }
        text = json.dumps(dict(updates=updates, groups=stats), indent=2)
        (Path(runner.work_dir) / 'gradient_stats.json').write_text(text + '\n')


def _matrix_names(model: nn.Module,
                  groups: Dict[str, List[nn.Parameter]]
                  ) -> Dict[str, List[str]]:
    """Names of the matrices of each group, by the wrapped model's paths."""
    found = {id(p): name for name, p in model.named_parameters()}
    return {
        group: [found[id(param)] for param in params]
        for group, params in groups.items()
    }
