"""SCRUB and SCRUB-S."""
from typing import Dict, Mapping, Optional

import torch
from torch import Tensor, nn

from mmswap.class_table import ClassTable
from mmswap.models.objectives.base import (
    Objective,
    check_weight,
)
from mmswap.models.objectives.baselines.relabel import (
    check_temperature,
    classified,
)
from mmswap.models.objectives.baselines.teaching import TeacherMixin
from mmswap.models.objectives.divergence import kl_divergence
from mmswap.models.outputs.branch import BranchOutputs
from mmswap.models.outputs.phase_buffers import PhaseBuffers
from mmswap.models.outputs.teacher import trained_parameters
from mmswap.registry import MODELS


@MODELS.register_module()
class SCRUBObjective(TeacherMixin, Objective):
    """SCRUB (Kurmanji et al., NeurIPS 2023), and SCRUB-S with smoothing.

    The student leaves the teacher on what is to be forgotten and obeys it on
    what is to be retained, in turn; T softens the probabilities::

        max step: -T^2 * KL_F(p_teacher || p)
        min step: retain_weight * L_R
                  + distill_weight * T^2 * KL_R(p_teacher || p)

    and both add ``smoothing`` times the sum, over the weight tensors w, of
    ``||w - w_average||``, with a running average of the weights. That is
    SCRUB-S. The paper takes epochs in turn, GS-LoRA too: five of max steps
    and min steps, then five of min steps, ten times over, with 0.99, 0.001
    and T 2, and 0.05 or 0.1 as smoothing. Here single updates take
    turns; the batches that are accumulated for one are all of one kind.

    Args:
        retain_weight: Weight of the retain branch's own loss (gamma).
        distill_weight: Weight of the distillation on what is retained
            (alpha).
        temperature: T.
        max_every: One update in so many is a max step, beginning with the
            first.
        max_until: Update from which there are min steps only; None to
            take turns to the end.
        smoothing: Weight of the distance from the average; 0 is SCRUB.
        average_every: Updates between two updates of the average, an
            epoch in the published code.
        average_decay: What an update takes from the weights as they are.

    Raises:
        ValueError: If a weight is negative, or another argument is out of
            its range.
    """

    branches = ('retain', 'forget')
    observes = True
    per_image = True

    def __init__(self,
                 retain_weight: float = 0.99,
                 distill_weight: float = 0.001,
                 temperature: float = 2.,
                 max_every: int = 2,
                 max_until: Optional[int] = None,
                 smoothing: float = 0.,
                 average_every: int = 100,
                 average_decay: float = 0.1) -> None:
        super().__init__()
        if max_every < 2 or average_every < 1 or (max_until or 0) < 0:
            raise ValueError(
                'model.objective must have max_every >= 2, max_until >= 0 '
                f'and average_every >= 1, got {max_every}, {max_until} and '
                f'{average_every}')
        if not 0 < average_decay <= 1:
            raise ValueError('model.objective.average_decay must be above 0 '
                             f'and at most 1, got {average_decay}')
        self.retain_weight = check_weight('retain_weight', retain_weight)
        self.distill_weight = check_weight('distill_weight', distill_weight)
        self.smoothing = check_weight('smoothing', smoothing)
        self.temperature = check_temperature(temperature)
        self.max_every = max_every
        self.max_until = max_until
        self.average_every = average_every
        self.average_decay = average_decay
        self.average = PhaseBuffers()
        self._params: Dict[str, nn.Parameter] = {}
        self._averaged = 0  # Updates at which the average last moved.

    def attach(self, model: nn.Module, classes: ClassTable) -> None:
        """Note the weights that train; see :meth:`Objective.attach`."""
        super().attach(model, classes)
        self._params = trained_parameters(model)

    def start_phase(self) -> None:
        """Begin the average anew, too."""
        super().start_phase()
        self._averaged = 0

    def forward(self, totals: Mapping[str, Tensor],
                outputs: Mapping[str, BranchOutputs]) -> Dict[str, Tensor]:
        """A max step or a min step; see :meth:`Objective.forward`."""
        now = self.updates
        forgets = now % self.max_every == 0 and (
            self.max_until is None or now < self.max_until)
        branch = 'forget' if forgets else 'retain'
        distance = self.temperature**2 * kl_divergence(
            self.teacher_outputs[branch].logits,
            classified(outputs)[branch].logits, self.temperature)
        if forgets:
            terms = dict(forget_loss=-distance)
        else:
            terms = dict(
                retain_loss=self.retain_weight * totals['retain'],
                distill_loss=self.distill_weight * distance)
        if self.smoothing:
            terms['smooth_loss'] = self.smoothing * self._from_average(now)
        return terms

    def _from_average(self, now: int) -> Tensor:
        """How far the weights are from their running average."""
        if not self.average.ready:
            self.average.keep(self._params)
        elif now != self._averaged and now % self.average_every == 0:
            self._averaged = now
            for key, param in self._params.items():
                self.average.tensors[key].lerp_(param.detach(),
                                                self.average_decay)
        # A norm has the gradient 0 where both are equal, as at the start.
        return torch.stack([
            torch.linalg.vector_norm(param - self.average.tensors[key])
            for key, param in self._params.items()
        ]).sum()
