"""The objective of GS-LoRA++: forgetting with class prototypes."""
from typing import Any, Dict, Mapping, Optional, Tuple

import torch
from torch import Tensor

from mmswap.models.objectives.divergence import kl_divergences
from mmswap.models.objectives.learn_forget import ForgetObjective
from mmswap.models.outputs.branch import BranchOutputs
from mmswap.models.outputs.phase_buffers import PhaseBuffers
from mmswap.registry import MODELS

DISTANCES = ('kl', 'l2')
SPACES = ('features', 'logits')


def prototype_distances(values: Tensor, prototypes: Tensor,
                        distance: str) -> Tensor:
    """How far each object is from its prototype.

    Args:
        values: Features or logits of the objects, shape (M, D).
        prototypes: The prototype of each object's class, shape (M, D).
        distance: ``'kl'``: the Kullback-Leibler divergence KL(softmax(p) ||
            softmax(v)) in nats, summed over D; ``'l2'``: the squared
            difference, mean over D. The published loss (GS-LoRA,
            ``get_prototype_loss``) is the mean over the objects.

    Returns:
        float32 of shape (M,).
    """
    if distance == 'l2':
        return (values.float() - prototypes.float()).square().mean(1)
    return kl_divergences(prototypes, values)


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
        distance: ``'kl'`` or ``'l2'``; see :func:`prototype_distances`.
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
            prototypes: What :meth:`PrototypeSums.means` gives, or
                :func:`classifier_prototypes`.

        Raises:
            ValueError: If they are none of ``space``.
        """
        if self.space not in prototypes:
            raise ValueError(
                "model.objective.space must be 'features' with prototypes "
                "from the classifier's rows (PrototypeHook.source="
                f"'classifier'), got {self.space!r}")
        self.prototypes.keep(prototypes)

    def total_weight(self, name: str) -> Optional[float]:
        """Of the retain branch, unless its features are pulled."""
        return None if self.retain_prototype_weight else super().total_weight(
            name)

    def forward(self, totals: Mapping[str, Tensor],
                outputs: Mapping[str, BranchOutputs]) -> Dict[str, Tensor]:
        """Weigh and bound; see :meth:`Objective.forward`.

        Returns:
            The terms of :class:`ForgetObjective`, those of the prototypes,
            and, to be logged, the distances.

        Raises:
            RuntimeError: If there are no prototypes.
        """
        terms = super().forward(totals, outputs)
        if not self.prototypes.ready:
            raise RuntimeError(
                "custom_hooks must have dict(type='mmswap.PrototypeHook'), "
                'which finds the prototypes that a mmswap.PrototypeObjective '
                'needs before the first step; there are none')
        for branch, weight in (('forget', self.forget_prototype_weight),
                               ('retain', self.retain_prototype_weight)):
            if weight:
                distance, any_object = self._distance(outputs[branch])
                term = distance if branch == 'retain' else torch.relu(
                    self.prototype_bound - distance)
                terms[f'{branch}_prototype_distance'] = distance.detach()
                # Of no object the distance is 0, but there is none to push.
                terms[f'{branch}_prototype_loss'] = torch.where(
                    any_object, weight * term, 0. * term)
        return terms

    def _distance(self, outputs: BranchOutputs) -> Tuple[Tensor, Tensor]:
        """The mean over the objects with a prototype; whether there are any.
        """
        seen = outputs.classifier
        assert seen is not None  # As it observes.
        kept = self.prototypes.tensors
        labels = seen.labels.clamp(min=0)
        counted = seen.objects & (kept['counts'][labels] > 0)
        values = prototype_distances(
            getattr(seen, self.space), kept[self.space][labels],
            self.distance)
        mean = torch.where(
            counted, values, 0.).sum() / counted.sum().clamp(min=1)
        return mean, counted.any()
