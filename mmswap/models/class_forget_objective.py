"""Forgetting what an object is called, and nothing else of it."""
from typing import Dict, Mapping, Optional

import torch
from torch import Tensor

from ..registry import MODELS
from .objectives import ForgetObjective, check_weight
from .observe import Observed


@MODELS.register_module()
class ClassForgetObjective(ForgetObjective):
    """``retain_weight * L_retain + weight * mean relu(bound - surprise)``.

    And ``nothing_weight * mean nothing``, where that is given.

    The surprise of an object to forget is minus the log of the probability
    that the classifier gives its class, in nats; the mean is over the objects
    of the forget branch, and each has the bound for itself.

    Not from the papers, whose forget term is the whole loss of the branch
    (:class:`ForgetObjective`). Of a detector that is boxes and masks too, and
    the loss of all other queries, which are no object in these labels: driven
    up, it makes objects of them. Here those are left alone, and the bound
    means the same for each task.

    What is not to be called by its name is called by another: four in five of
    a digit detector's forgotten objects by one that was just learned. With
    ``nothing_weight`` it is to be called nothing: ``nothing`` is minus the log
    of the probability that the classifier gives to no class, in nats.

    What an object is for each kind of model, docs/method.md says under
    prototypes; the models that have none stop in the first step.

    Args:
        bound: In nats. 14 by default: of a digit detector (docs/digits.md)
            6 left 0.4 of the AP, which goes by the order of the scores and
            not by their size; with 12 some came back with later requests,
            and 16 cost some of what undoing a request brings back.
        weight: Weight of the forget term. 0.5 by default, from the same.
        retain_weight: Weight of the retain branch.
        nothing_weight: Weight of being no object, for detectors and
            segmentors whose classifier can say that. 0 by default.

    Raises:
        ValueError: If the bound is not a positive number, or a weight is
            negative; in the first step if ``nothing_weight`` is given and the
            classifier always names a class.
    """

    observes = True

    def __init__(self,
                 bound: float = 14.0,
                 weight: float = 0.5,
                 retain_weight: float = 1.0,
                 nothing_weight: float = 0.0) -> None:
        if isinstance(bound, str):
            raise ValueError('model.objective.bound must be a number of nats '
                             f'with ClassForgetObjective, got {bound!r}')
        super().__init__(bound, weight, retain_weight)
        self.nothing_weight = check_weight('nothing_weight', nothing_weight)

    def forward(
        self,
        totals: Dict[str, Tensor],
        observed: Optional[Mapping[str, Observed]] = None,
        taught: Optional[Mapping[str, Observed]] = None,
    ) -> Dict[str, Tensor]:
        """Weigh and bound; see :meth:`Objective.forward`.

        Returns:
            The terms and, to be logged, the mean surprise, and the mean of
            ``nothing`` where it counts. A batch without objects has terms
            of 0.
        """
        del taught
        assert observed is not None and self.bound is not None
        seen = observed['forget']
        count = max(len(seen.surprise), 1)
        terms = dict(
            retain_loss=self.retain_weight * totals['retain'],
            forget_loss=self.weight *
            torch.relu(self.bound - seen.surprise).sum() / count,
            forget_surprise=seen.surprise.detach().sum() / count)
        if self.nothing_weight:
            if seen.nothing.isnan().any():
                raise ValueError(
                    'model.objective.nothing_weight must be 0 for a model '
                    'that gives every object or pixel a class, got '
                    f'{self.nothing_weight}')
            nothing = seen.nothing.sum() / count
            terms.update(
                nothing_loss=self.nothing_weight * nothing,
                forget_nothing=nothing.detach())
        return terms
