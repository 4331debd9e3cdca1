"""Learning, and forgetting up to a bound, as in Knowledge Swapping."""
import logging
import math
from typing import Dict, Mapping, Optional, Sequence, Tuple, Union

import torch
from mmengine import dist
from mmengine.logging import print_log
from torch import Tensor

from mmswap.models.objectives.base import Objective, check_weight
from mmswap.models.outputs.branch import BranchOutputs, named_terms
from mmswap.models.outputs.phase_buffers import PhaseBuffers
from mmswap.registry import MODELS


@MODELS.register_module()
class LearnObjective(Objective):
    """``retain_weight * L_retain + weight * L_learn``.

    Knowledge Swapping, Eq. for the learning phase. The published constants
    are 1 and 0.9 for detection and segmentation, and 0.2 (retain) and 1
    (learn) for classification.

    Args:
        retain_weight: Weight of the retain branch. With 0 there is none:
            ``SwapDataset(branches=dict(learn=...))`` is enough, for images of
            what is learned alone, and ``hold_weight`` retains.
        weight: Weight of the learn branch.
        hold_weight: Weight of what the base model, which is the model with
            its adapter switched off, says of both branches' images; see
            :mod:`mmswap.models.outputs.held`. Not from the paper. Defaults
            to 0.

    Raises:
        ValueError: If a weight is negative, or ``hold_weight`` is not 0 and
            the model's outputs cannot be held.
    """

    branches: Tuple[str, ...] = ('retain', 'learn')

    def __init__(self,
                 retain_weight: float = 1.0,
                 weight: float = 0.9,
                 hold_weight: float = 0.) -> None:
        super().__init__()
        self.hold_weight = check_weight('hold_weight', hold_weight)
        self.retain_weight = check_weight('retain_weight', retain_weight)
        self.weight = check_weight('weight', weight)
        if not retain_weight:
            self.branches = ('learn', )

    def total_weight(self, name: str) -> Optional[float]:
        """Of both branches; see :meth:`Objective.total_weight`."""
        return dict(retain=self.retain_weight, learn=self.weight)[name]

    def forward(self, totals: Mapping[str, Tensor],
                outputs: Mapping[str, BranchOutputs]) -> Dict[str, Tensor]:
        """Weigh the two; see :meth:`Objective.forward`."""
        del outputs
        losses = dict(learn_loss=self.weight * totals['learn'])
        if self.retain_weight:
            losses['retain_loss'] = self.retain_weight * totals['retain']
        return losses


@MODELS.register_module()
class ForgetObjective(Objective):
    """``retain_weight * L_retain + weight * relu(bound - L_forget)``.

    The forget loss is driven up to the bound and left alone above it
    (Knowledge Swapping, Eq. for the forgetting phase; GS-LoRA, Sec. 4.3).
    The bound is compared with the *sum* of the branch's weighted losses, so
    it depends on the task: 105 (classification), 15 (DINO) and 115
    (Mask2Former) were published with weight 0.2.

    With ``ascend`` only the terms of these names are driven up, together,
    and the others are driven down with the same weight, as in GS-LoRA's
    detection: ``weight * (relu(bound - L_ascend) + L_others)``.

    Args:
        bound: The bound, or ``'auto'``: ``auto_factor`` times the forget
            loss of the first step, or, if that is more, what the loss would
            be in that step if no object were given its label (a probability
            of 1 / (10 C) among the C outputs of a softmax, or of 0.01 by a
            sigmoid). It is kept in the checkpoint. Defaults to ``'auto'``.
        weight: Weight of the forget branch.
        retain_weight: Weight of the retain branch.
        auto_factor: See ``bound``.
        ascend: Names of terms of the model's loss, such as
            ``('loss_cls', )``: ``'loss_cls'``, and the same of all layers
            and heads (``'d0.loss_cls'``, ``'dn_loss_cls'``); see
            :func:`~mmswap.models.outputs.branch.named_terms`. None for the
            whole loss.
        aux_losses: Whether the losses of auxiliary outputs, such as earlier
            decoder layers, count, in both branches. GS-LoRA's detection
            leaves them out (``--no_aux_loss``).
        hold_weight: As of :class:`LearnObjective`.

    Raises:
        ValueError: If the bound is neither positive nor ``'auto'``, a weight
            is negative, ``auto_factor`` is not above 1 or ``ascend`` is
            empty; in the first step if the model has no term of a name in
            ``ascend``.
    """

    branches = ('retain', 'forget')

    def __init__(self,
                 bound: Union[float, str] = 'auto',
                 weight: float = 0.2,
                 retain_weight: float = 1.0,
                 auto_factor: float = 4.0,
                 ascend: Optional[Sequence[str]] = None,
                 aux_losses: bool = True,
                 hold_weight: float = 0.) -> None:
        super().__init__()
        self.hold_weight = check_weight('hold_weight', hold_weight)
        is_number = isinstance(bound, (int, float)) and (
            not isinstance(bound, bool) and 0 < bound < math.inf)
        if bound != 'auto' and not is_number:
            raise ValueError("model.objective.bound must be positive or "
                             f"'auto', got {bound!r}")
        if auto_factor <= 1:
            raise ValueError('model.objective.auto_factor must be above 1, '
                             f'got {auto_factor}')
        if ascend is not None and (isinstance(ascend, str) or not ascend):
            raise ValueError('model.objective.ascend must be None or some '
                             f'names of loss terms, got {ascend!r}')
        self.weight = check_weight('weight', weight)
        self.retain_weight = check_weight('retain_weight', retain_weight)
        self.auto_factor = auto_factor
        self.aux_losses = aux_losses
        self.ascend = None if ascend is None else tuple(ascend)
        self.bound: Optional[float] = None if bound == 'auto' else float(bound)
        self.auto_bound = PhaseBuffers()
        self._compared = False

    def total_weight(self, name: str) -> Optional[float]:
        """Of the retain branch; see :meth:`Objective.total_weight`."""
        return self.retain_weight if name == 'retain' else None

    def wants_rise(self, name: str) -> bool:
        """In the first step, for the ``'auto'`` bound."""
        return (name == 'forget' and self.bound is None
                and not self.auto_bound.ready)

    @torch.no_grad()
    def _bound(self, ascending: Tensor,
               rise: Optional[Tensor]) -> Union[float, Tensor]:
        """The bound; ``'auto'`` is found in the first step of a phase."""
        if self.bound is not None:
            if not self._compared:
                self._compared = True
                self._compare(float(ascending))
            return self.bound
        if not self.auto_bound.ready:
            first = ascending.detach().float()
            floor = first if rise is None else first + rise
            found = torch.stack([self.auto_factor * first, floor])
            dist.all_reduce(found, op='mean')
            bound = found.max()
            self.auto_bound.keep(dict(bound=bound))
            multiple, unnamed = found.tolist()
            print_log(
                _reason(multiple, unnamed, self.auto_factor), 'current')
        return self.auto_bound.tensors['bound']

    def _compare(self, first: float) -> None:
        """Say so where there is nothing to drive up; waits for the GPU."""
        assert self.bound is not None
        if not self.updates and first >= self.bound:
            print_log(
                'WARNING: model.objective.bound should be above the forget '
                f'loss of the first step, {first:.4g}, got {self.bound:g}: '
                'nothing is forgotten', 'current', logging.WARNING)

    def _split(self, total: Tensor,
               outputs: BranchOutputs) -> Tuple[Tensor, Optional[Tensor]]:
        """What is driven up, and what is driven down."""
        if self.ascend is None:
            return total, None
        chosen: Dict[str, Tensor] = {}
        for name in self.ascend:
            found = named_terms(outputs.terms, name)
            if not found:
                raise ValueError(
                    'model.objective.ascend must name terms of the model\'s '
                    f'loss, {sorted(outputs.terms)}, got {name!r}')
            chosen.update(found)
        ascending = torch.stack(list(chosen.values())).sum()
        return ascending, total - ascending

    def forward(self, totals: Mapping[str, Tensor],
                outputs: Mapping[str, BranchOutputs]) -> Dict[str, Tensor]:
        """Weigh and bound; see :meth:`Objective.forward`.

        Returns:
            The terms and, to be logged, the part of the forget loss that is
            driven up, where ``ascend`` names it.
        """
        branch = outputs['forget']
        ascending, others = self._split(totals['forget'], branch)
        bound = self._bound(ascending, branch.rise)
        terms = dict(
            retain_loss=self.retain_weight * totals['retain'],
            forget_loss=self.weight * torch.relu(bound - ascending))
        if others is not None:
            terms.update(
                forget_others_loss=self.weight * others,
                forget_ascending=ascending.detach())
        return terms


def _reason(multiple: float, unnamed: float, factor: float) -> str:
    """The log line of a bound that was found."""
    if unnamed > multiple:
        return (f'mmswap: forget bound {unnamed:.4g}, the forget loss of the '
                'first step if no object were given its label; '
                f'{factor} x the loss is {multiple:.4g}')
    return (f'mmswap: forget bound {multiple:.4g} = {factor} x the forget '
            'loss of the first step')
