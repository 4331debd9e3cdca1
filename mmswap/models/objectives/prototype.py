"""The objective of GS-LoRA++: forgetting with class prototypes."""
from typing import Any, Dict, Mapping, Optional, Tuple

import torch
from torch import Tensor
from torch.nn import functional as F

from mmswap.models.objectives.divergence import kl_divergence
from mmswap.models.objectives.learn_forget import ForgetObjective
from mmswap.models.outputs.observer import ClassifierOutputs
from mmswap.models.outputs.phase_buffers import PhaseBuffers
from mmswap.registry import MODELS

DISTANCES = ('kl', 'l2')
SPACES = ('features', 'logits')


def prototype_distance(values: Tensor, prototypes: Tensor,
                       distance: str) -> Tensor:
    """How far objects are from their prototypes, on average.

    Args:
        values: Features or logits of the objects, shape (M, D), M above 0.
        prototypes: The prototype of each object's class, shape (M, D).
        distance: ``'kl'``: the Kullback-Leibler divergence KL(softmax(p) ||
            softmax(v)) in nats, summed over D, mean over M; ``'l2'``: the
            squared difference, mean over M and D. Both as published (GS-LoRA,
            ``get_prototype_loss``).

    Returns:
        A float32 scalar.
    """
    if distance == 'l2':
        return F.mse_loss(values.float(), prototypes.float())
    return kl_divergence(prototypes, values)


@MODELS.register_module()
class PrototypeObjective(ForgetObjective):
    """Forgetting with class prototypes, GS-LoRA++.

    Adds to :class:`ForgetObjective`, with the mean distance D of a branch's
    objects from the prototypes of their classes::

        forget_prototype_weight * relu(prototype_bound - D_forget)
        + retain_prototype_weight * D_retain

    The prototypes are those of the model when the phase began. They come from
    ``mmswap.PrototypeHook`` and travel in the checkpoint.

    An object of a class without prototype is left out of the mean.

    The defaults are the published ones for CASIA-Face100 (four requests of 20
    classes). ImageNet100 had a forget prototype weight of 0.05; four images a
    class of CASIA-Face100 a bound of 50 and weights of 0.015, 0.06, 0.025 and
    0.012. The published scripts leave the retain term out.

    Args:
        forget_prototype_weight: Weight of the forget branch's term.
        retain_prototype_weight: Weight of the retain branch's term.
        prototype_bound: The distance above which a forgotten class is left
            alone.
        distance: ``'kl'`` or ``'l2'``; see :func:`prototype_distance`.
        space: What is compared: ``'features'`` in front of the classifier, or
            ``'logits'``.
        kwargs: Arguments of :class:`ForgetObjective`.

    Raises:
        ValueError: If a weight is negative, both are 0, the bound is not
            positive, or ``distance`` or ``space`` is unknown; and as
            :class:`ForgetObjective`.
    """

    observes = True

    def __init__(self,
                 forget_prototype_weight: float = 0.01,
                 retain_prototype_weight: float = 0.0,
                 prototype_bound: float = 18.0,
                 distance: str = 'kl',
                 space: str = 'features',
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        weights = (forget_prototype_weight, retain_prototype_weight)
        if min(weights) < 0 or not any(weights):
            raise ValueError(
                'model.objective.forget_prototype_weight and '
                'retain_prototype_weight must not be negative, and one of '
                f'them positive, got {weights[0]} and {weights[1]}')
        if prototype_bound <= 0:
            raise ValueError('model.objective.prototype_bound must be '
                             f'positive, got {prototype_bound}')
        for key, value, known in (('distance', distance, DISTANCES),
                                  ('space', space, SPACES)):
            if value not in known:
                raise ValueError(f'model.objective.{key} must be one of '
                                 f'{known}, got {value!r}')
        self.forget_prototype_weight = forget_prototype_weight
        self.retain_prototype_weight = retain_prototype_weight
        self.prototype_bound = prototype_bound
        self.distance = distance
        self.space = space
        self.prototypes = PhaseBuffers()

    def set_prototypes(self, prototypes: Mapping[str, Tensor]) -> None:
        """Take the prototypes of the model as it is when the phase begins.

        Args:
            prototypes: What :meth:`PrototypeSums.means` gives.
        """
        self.prototypes.keep(prototypes)

    def forward(
        self,
        totals: Dict[str, Tensor],
        observed: Optional[Mapping[str, ClassifierOutputs]] = None,
        teacher_outputs: Optional[Mapping[str, ClassifierOutputs]] = None,
    ) -> Dict[str, Tensor]:
        """Weigh and bound; see :meth:`Objective.forward`.

        Returns:
            The terms of :class:`ForgetObjective`, those of the prototypes,
            and, to be logged, the distances.

        Raises:
            RuntimeError: If there are no prototypes.
        """
        del teacher_outputs
        terms = super().forward(totals)
        if not self.prototypes.ready or observed is None:
            raise RuntimeError(
                "custom_hooks must have dict(type='mmswap.PrototypeHook'), "
                'which finds the prototypes that a mmswap.PrototypeObjective '
                'needs before the first step; there are none')
        if self.forget_prototype_weight:
            values, prototypes = self._pairs(observed['forget'])
            away = self._distance(values, prototypes)
            terms['forget_prototype_distance'] = away.detach()
            # Of no object the distance is 0, but there is none to push.
            terms['forget_prototype_loss'] = self.forget_prototype_weight * (
                torch.relu(self.prototype_bound - away)
                if len(values) else away)
        if self.retain_prototype_weight:
            kept = self._distance(*self._pairs(observed['retain']))
            terms['retain_prototype_distance'] = kept.detach()
            terms['retain_prototype_loss'] = (
                self.retain_prototype_weight * kept)
        return terms

    def _pairs(self, seen: ClassifierOutputs) -> Tuple[Tensor, Tensor]:
        """The objects that have a prototype, and it, both (M, D)."""
        kept = self.prototypes.tensors
        known = kept['counts'][seen.labels] > 0
        values = getattr(seen, self.space)[known]
        return values, kept[self.space][seen.labels[known]]

    def _distance(self, values: Tensor, prototypes: Tensor) -> Tensor:
        if not len(values):
            return values.float().sum()  # 0, in the graph.
        return prototype_distance(values, prototypes, self.distance)
