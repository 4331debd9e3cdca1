"""Retraining: a model that has never seen what it is to forget."""
from typing import Dict, Mapping, Optional

from torch import Tensor

from mmswap.models.objectives.base import Objective
from mmswap.models.outputs.observer import ClassifierOutputs
from mmswap.registry import MODELS


@MODELS.register_module()
class RetainObjective(Objective):
    """``L_retain`` alone.

    With ``model.trains='from_scratch'`` it is retraining, what unlearning is
    measured by. With the weights of a base model it is plain fine-tuning on
    what is retained.
    """

    branches = ('retain', )

    def forward(
        self,
        totals: Dict[str, Tensor],
        observed: Optional[Mapping[str, ClassifierOutputs]] = None,
        teacher_outputs: Optional[Mapping[str, ClassifierOutputs]] = None,
    ) -> Dict[str, Tensor]:
        """The loss of the branch; see :meth:`Objective.forward`."""
        del observed, teacher_outputs
        return dict(retain_loss=totals['retain'])
