"""Forgetting the class of objects; boxes and masks stay."""
from typing import Any, Dict, Mapping, NamedTuple, Optional

import torch
from torch import Tensor, nn

from mmswap.class_table import ClassTable
from mmswap.models.objectives.base import check_weight
from mmswap.models.objectives.learn_forget import ForgetObjective
from mmswap.models.outputs.branch import BranchOutputs
from mmswap.models.outputs.classifier_outputs import ClassifierOutputs
from mmswap.models.outputs.observer_plan import is_sigmoid
from mmswap.registry import MODELS


class _Constants(NamedTuple):
    """A bound and two weights, some of which may be None."""

    bound: Any
    weight: Any
    no_object_weight: Any

    def but(self, given: '_Constants') -> '_Constants':
        """These, but for what is given."""
        return _Constants(*(mine if other is None else other
                            for mine, other in zip(self, given)))


_SOFTMAX = _Constants(14., 0.25, 0.5)
_SIGMOIDS = _Constants(6., 0.1, 0.3)
_OBJECTNESS = _SIGMOIDS._replace(no_object_weight=1.)


@MODELS.register_module()
class ClassForgetObjective(ForgetObjective):
    """``retain_weight * L_retain + weight * mean relu(bound - class_nll)``.

    And ``no_object_weight * mean no_object_nll``.

    ``class_nll`` is the negative log-likelihood of an object's class by the
    classifier, in nats; the mean is over the objects of the forget branch,
    and the bound is for each object by itself.

    Not from the papers, whose forget term is the whole loss of the branch
    (:class:`ForgetObjective`). Of a detector that is boxes and masks too, and
    the loss of all other queries, which are no object in these labels: driven
    up, it makes objects of them. Here those are left alone, and the bound
    means the same for each task.

    Left to itself, a forgotten object usually gets another class: four in
    five of a digit detector's got one that was just learned. So it is to
    become background: ``no_object_nll`` is the negative log-likelihood of no
    class, the background row of a softmax, or no sigmoid being on, where a
    head says besides whether there is an object (YOLOX) that times the class.

    What an object is for each kind of model, docs/method.md says under
    prototypes; features are not needed, so that heads with anchors will do.

    The defaults depend on the classifier. Those of a softmax were measured
    with a Mask2Former on digits (docs/digits.md), those of sigmoids with a
    YOLOX-Nano on photographs (docs/photographs.md), where weights of 0.5 and
    1 and a bound of 12 cost three tenths of the AP that was to be retained.

    Args:
        bound: In nats. By default 14 with a softmax: 6 left 0.4 of the AP,
            which goes by the order of the scores and not by their size; with
            12 some came back with later requests, and 16 cost some of what
            undoing a request brings back. 6 with sigmoids.
        weight: Weight of the forget term. By default 0.25 with a softmax,
            and 0.1 with sigmoids.
        retain_weight: Weight of the retain branch.
        no_object_weight: Weight of being no object. By default 0.5 with a
            softmax that has such an output and 0 with one that gives every
            object or pixel a class, and 0.3 with sigmoids: with 0.1 a
            YOLOX-Nano still named 0.07 of what it forgot, with 0.3 nothing. 1
            where objectness counts too (YOLOX): on digits (docs/digits.md)
            two thirds as many got another name as with 0.3.
        hold_weight: As of :class:`LearnObjective`.

    Raises:
        ValueError: If the bound is not a positive number, or a weight is
            negative; in the first step if ``no_object_weight`` is given and
            the classifier always names a class.
    """

    observes = True
    needs_features = False

    def __init__(self,
                 bound: Optional[float] = None,
                 weight: Optional[float] = None,
                 retain_weight: float = 1.0,
                 no_object_weight: Optional[float] = None,
                 hold_weight: float = 0.) -> None:
        if isinstance(bound, str):
            raise ValueError('model.objective.bound must be a number of nats '
                             f'with ClassForgetObjective, got {bound!r}')
        self._given = _Constants(bound, weight, no_object_weight)
        chosen = _SOFTMAX.but(self._given)
        super().__init__(chosen.bound, chosen.weight, retain_weight,
                         hold_weight=hold_weight)
        if no_object_weight is not None:
            check_weight('no_object_weight', no_object_weight)
        self.no_object_weight = no_object_weight
        self._default_no_object = _SOFTMAX.no_object_weight
        self._no_object: Optional[float] = None

    def attach(self, model: nn.Module, classes: ClassTable) -> None:
        """Choose the defaults; see :meth:`Objective.attach`."""
        super().attach(model, classes)
        losses = [loss for each in self.plan.losses.values() for loss in each]
        if losses and all(map(is_sigmoid, losses)):
            default = _OBJECTNESS if self.plan.objectness else _SIGMOIDS
            chosen = default.but(self._given)
            self.bound, self.weight = chosen.bound, chosen.weight
            self._default_no_object = default.no_object_weight

    def forward(self, totals: Mapping[str, Tensor],
                outputs: Mapping[str, BranchOutputs]) -> Dict[str, Tensor]:
        """Weigh and bound; see :meth:`Objective.forward`.

        Returns:
            The terms and, to be logged, the mean class_nll, and the mean
            no_object_nll where it counts. A batch without objects has terms
            of 0.
        """
        assert self.bound is not None  # 'auto' was refused.
        seen = outputs['forget'].classifier
        assert seen is not None  # As it observes.
        count = seen.objects.sum().clamp(min=1)

        def mean(values: Tensor) -> Tensor:
            return torch.where(seen.objects, values, 0.).sum() / count

        terms = dict(
            retain_loss=self.retain_weight * totals['retain'],
            forget_loss=self.weight *
            mean(torch.relu(self.bound - seen.class_nll)),
            forget_class_nll=mean(seen.class_nll.detach()))
        weight = self._checked_no_object_weight(seen)
        if weight:
            no_object = mean(seen.no_object_nll)
            terms.update(
                no_object_loss=weight * no_object,
                forget_no_object_nll=no_object.detach())
        return terms

    def _checked_no_object_weight(self, seen: ClassifierOutputs) -> float:
        """The weight; found in the first step, as it waits for the GPU."""
        if self._no_object is None:
            always_names = bool(seen.no_object_nll.isnan().any())
            if always_names and self.no_object_weight:
                raise ValueError(
                    'model.objective.no_object_weight must be 0 for a model '
                    'that gives every object or pixel a class, got '
                    f'{self.no_object_weight}')
            self._no_object = self.no_object_weight
            if self._no_object is None:
                self._no_object = (
                    0. if always_names else self._default_no_object)
        return self._no_object
