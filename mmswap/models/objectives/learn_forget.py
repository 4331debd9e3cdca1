"""Learning, and forgetting up to a bound, as in Knowledge Swapping."""
from typing import Dict, Mapping, Optional, Union

import torch
from mmengine import dist
from mmengine.logging import print_log
from torch import Tensor

from mmswap.models.objectives.base import Objective, check_weight
from mmswap.models.outputs.observer import ClassifierOutputs
from mmswap.models.outputs.phase_buffers import PhaseBuffers
from mmswap.registry import MODELS


@MODELS.register_module()
class LearnObjective(Objective):
    """``retain_weight * L_retain + weight * L_learn``.

    Knowledge Swapping, Eq. for the learning phase. The published constants
    are 1 and 0.9 for detection and segmentation, and 0.2 (retain) and 1
    (learn) for classification.

    Args:
        retain_weight: Weight of the retain branch.
        weight: Weight of the learn branch.

    Raises:
        ValueError: If a weight is negative.
    """

    branches = ('retain', 'learn')

    def __init__(self,
                 retain_weight: float = 1.0,
                 weight: float = 0.9) -> None:
        super().__init__()
        self.retain_weight = check_weight('retain_weight', retain_weight)
        self.weight = check_weight('weight', weight)

    def forward(
        self,
        totals: Dict[str, Tensor],
        observed: Optional[Mapping[str, ClassifierOutputs]] = None,
        teacher_outputs: Optional[Mapping[str, ClassifierOutputs]] = None,
    ) -> Dict[str, Tensor]:
        """Weigh the two; see :meth:`Objective.forward`."""
        del observed, teacher_outputs
        return dict(
            retain_loss=self.retain_weight * totals['retain'],
            learn_loss=self.weight * totals['learn'])


@MODELS.register_module()
class ForgetObjective(Objective):
    """``retain_weight * L_retain + weight * relu(bound - L_forget)``.

    The forget loss is driven up to the bound and left alone above it
    (Knowledge Swapping, Eq. for the forgetting phase; GS-LoRA, Sec. 4.3).
    The bound is compared with the *sum* of the branch's weighted losses, so
    it depends on the task: 105 (classification), 15 (DINO) and 115
    (Mask2Former) were published with weight 0.2.

    Args:
        bound: The bound, or ``'auto'``: ``auto_factor`` times the forget
            loss of the first step, kept in the checkpoint.
        weight: Weight of the forget branch.
        retain_weight: Weight of the retain branch.
        auto_factor: See ``bound``.

    Raises:
        ValueError: If the bound is neither positive nor ``'auto'``, a weight
            is negative, or ``auto_factor`` is not above 1.
    """

    branches = ('retain', 'forget')

    def __init__(self,
                 bound: Union[float, str] = 115.,
                 weight: float = 0.2,
                 retain_weight: float = 1.0,
                 auto_factor: float = 4.0) -> None:
        super().__init__()
        is_number = isinstance(bound, (int, float)) and bound > 0
        if bound != 'auto' and not is_number:
            raise ValueError("model.objective.bound must be positive or "
                             f"'auto', got {bound!r}")
        if auto_factor <= 1:
            raise ValueError('model.objective.auto_factor must be above 1, '
                             f'got {auto_factor}')
        self.weight = check_weight('weight', weight)
        self.retain_weight = check_weight('retain_weight', retain_weight)
        self.auto_factor = auto_factor
        self.bound: Optional[float] = None if bound == 'auto' else float(bound)
        self.auto_bound = PhaseBuffers()

    @torch.no_grad()
    def _bound(self, forget_total: Tensor) -> Union[float, Tensor]:
        """The bound; ``'auto'`` is found in the first step of a phase."""
        if self.bound is not None:
            return self.bound
        if not self.auto_bound.ready:
            first = forget_total.detach().float().clone()
            dist.all_reduce(first, op='mean')
            bound = self.auto_factor * first
            self.auto_bound.keep(dict(bound=bound))
            print_log(f'mmswap: forget bound {float(bound):.4g} = '
                      f'{self.auto_factor} x the forget loss of the first '
                      'step', 'current')
        return self.auto_bound.tensors['bound']

    def forward(
        self,
        totals: Dict[str, Tensor],
        observed: Optional[Mapping[str, ClassifierOutputs]] = None,
        teacher_outputs: Optional[Mapping[str, ClassifierOutputs]] = None,
    ) -> Dict[str, Tensor]:
        """Weigh and bound; see :meth:`Objective.forward`."""
        del observed, teacher_outputs
        return dict(
            retain_loss=self.retain_weight * totals['retain'],
            forget_loss=self.weight *
            torch.relu(self._bound(totals['forget']) - totals['forget']))
