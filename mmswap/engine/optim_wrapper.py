"""Optimizer wrappers that keep adapter groups sparse.

Both do per update, in this order: unscale (AMP), show the gradients of the
task losses to the listeners (such as the check that they reach every group),
add the penalty's gradient, clip, step, soft-threshold. The penalty is added
once an update, however many batches accumulate, and after DDP has averaged the
gradients, so it is neither multiplied nor divided by a count.
"""
import math
from typing import Any, Callable, Dict, List, Optional

from mmengine.logging import MessageHub
from mmengine.optim import AmpOptimWrapper, OptimWrapper
from torch import Tensor, nn
from torch.optim import Optimizer

from mmswap.engine.group_sparse import (
    add_penalty_grad,
    group_growth,
    soft_threshold,
    steps_to_zero,
)
from mmswap.models.adapters.groups import stacked_norms
from mmswap.registry import OPTIM_WRAPPERS

MODES = ('penalty', 'proximal')
Groups = Dict[str, List[nn.Parameter]]


class _GroupSparsity:
    """What the two wrappers share: the groups, and what is done to them.

    Args:
        groups: Block name to its LoRA matrices.
        alpha: Weight of the group-sparse term; 0 switches it off. Published:
            0.005 (classification), 0.01 (detection, segmentation).
        mode: ``'penalty'`` adds the term's gradient (both papers);
            ``'proximal'`` applies its proximal operator after the step, which
            makes groups exactly zero.
        start: Iteration from which the term counts (the alpha warm-up of
            GS-LoRA, Sec. 4.2).
        sparse_groups: What the term sums over, ``groups`` by default.

    Raises:
        ValueError: If ``alpha`` or ``start`` is negative or ``mode`` unknown.
    """

    def __init__(self, groups: Groups, alpha: float, mode: str, start: int,
                 sparse_groups: Optional[Groups]) -> None:
        if not isinstance(alpha, (int, float)) or alpha < 0:
            raise ValueError('optim_wrapper.group_sparse.alpha must be a '
                             f'number from 0, got {alpha!r}')
        if mode not in MODES:
            raise ValueError('optim_wrapper.group_sparse.mode must be one of '
                             f'{MODES}, got {mode!r}')
        if not isinstance(start, int) or start < 0:
            raise ValueError('optim_wrapper.group_sparse.start must be an '
                             f'iteration from 0, got {start!r}')
        self.groups = groups
        self.params = list((sparse_groups or groups).values())
        self.alpha = alpha
        self.mode = mode
        self.start = start
        # Norms of the last reading, and the learning rates summed since.
        self._last_norms: Optional[Tensor] = None
        self._rate_sums = [0.] * len(self.params)
        # Called with the gradients of the task losses as they are.
        self.listeners: List[Callable[[], None]] = []

    def _acts(self, mode: str) -> bool:
        """Whether ``mode`` is what this iteration asks for."""
        if not self.alpha or self.mode != mode:
            return False
        # Kept in the checkpoint, so that a resumed run goes on counting.
        now = MessageHub.get_current_instance().get_info('iter', 0)
        return now >= self.start

    def before_step(self) -> None:
        """Show the gradients to the listeners and add the penalty's."""
        for listener in self.listeners:
            listener()
        if self._acts('penalty'):
            add_penalty_grad(self.params, self.alpha)

    def after_step(self, optimizer: Optimizer, *_: Any) -> None:
        """Post hook of the optimizer: the proximal step.

        As a hook of the optimizer itself it does not run when AMP skips a
        step for overflowing gradients.
        """
        if self._acts('proximal'):
            for i, rate in enumerate(self._rates(optimizer)):
                soft_threshold([self.params[i]], self.alpha * rate)
                self._rate_sums[i] += rate

    def _rates(self, optimizer: Optimizer) -> List[float]:
        """The learning rate of each sparse group."""
        rates = {
            id(param): group['lr']
            for group in optimizer.param_groups for param in group['params']
        }
        return [rates[id(params[0])] for params in self.params]

    def scalars(self, optimizer: Optimizer) -> Dict[str, float]:
        """How far the group that goes next is from going, for the log.

        Args:
            optimizer: Whose learning rates count.

        Returns:
            ``swap/steps_to_zero_min``, see
            :func:`~mmswap.engine.group_sparse.steps_to_zero`, and, from the
            second reading on, ``swap/group_growth_min``, see
            :func:`~mmswap.engine.group_sparse.group_growth`; nothing without
            a proximal step, or where no group is ever to go.
        """
        if not self.alpha or self.mode != 'proximal':
            return {}
        norms = stacked_norms(self.params)
        scalars = self._growth(norms)
        steps = steps_to_zero(norms, self.alpha,
                              norms.new_tensor(self._rates(optimizer)))
        left = [value for value in steps.tolist()
                if 0 < value < float('inf')]
        if left:
            scalars['swap/steps_to_zero_min'] = min(left)
        return scalars

    def _growth(self, norms: Tensor) -> Dict[str, float]:
        """The smallest growth since the last reading, of groups not zero."""
        last, sums = self._last_norms, norms.new_tensor(self._rate_sums)
        self._last_norms, self._rate_sums = norms, [0.] * len(self.params)
        if last is None:
            return {}
        growth = group_growth(last, norms, self.alpha, sums)
        alive = [value for value, norm in zip(growth.tolist(), norms.tolist())
                 if norm > 0 and math.isfinite(value)]
        return {'swap/group_growth_min': min(alive)} if alive else {}


class _SparseWrapper:
    """Gives an optim wrapper, the next class in line, its sparsity."""

    optimizer: Optimizer

    def __init__(self,
                 groups: Groups,
                 alpha: float = 0.,
                 mode: str = 'penalty',
                 start: int = 0,
                 sparse_groups: Optional[Groups] = None,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sparsity = _GroupSparsity(groups, alpha, mode, start,
                                       sparse_groups)
        self.optimizer.register_step_post_hook(self.sparsity.after_step)


@OPTIM_WRAPPERS.register_module()
class GroupSparseOptimWrapper(_SparseWrapper, OptimWrapper):
    """mmengine's ``OptimWrapper`` with group sparsity.

    Built by :class:`~mmswap.engine.constructor.SwapOptimWrapperConstructor`.

    Args:
        groups: Block name to LoRA matrices.
        alpha: Weight of the group-sparse term.
        mode: ``'penalty'`` or ``'proximal'``.
        start: Iteration from which the term counts.
        sparse_groups: What the term sums over, ``groups`` by default.
        kwargs: Arguments of ``OptimWrapper``.
    """

    def step(self, **kwargs: Any) -> None:
        """Sparsify, clip and step."""
        self.sparsity.before_step()
        super().step(**kwargs)


@OPTIM_WRAPPERS.register_module()
class GroupSparseAmpOptimWrapper(_SparseWrapper, AmpOptimWrapper):
    """mmengine's ``AmpOptimWrapper`` with group sparsity.

    Args:
        groups: Block name to LoRA matrices.
        alpha: Weight of the group-sparse term.
        mode: ``'penalty'`` or ``'proximal'``.
        start: Iteration from which the term counts.
        sparse_groups: What the term sums over, ``groups`` by default.
        kwargs: Arguments of ``AmpOptimWrapper``.
    """

    def step(self, **kwargs: Any) -> None:
        """Unscale, sparsify, clip and step.

        ``AmpOptimWrapper.step`` unscales itself when it clips, and a second
        time in one step is an error, so its few lines stand here in the
        order that the penalty needs.
        """
        self.loss_scaler.unscale_(self.optimizer)
        self.sparsity.before_step()
        if self.clip_grad_kwargs:
            self._clip_grad()
        self.loss_scaler.step(self.optimizer, **kwargs)
        self.loss_scaler.update(self._scale_update_param)
