"""Retraining: a model that has never seen what it is to forget."""
from typing import Dict, Mapping

from torch import Tensor

from mmswap.models.objectives.base import Objective
from mmswap.models.outputs.branch import BranchOutputs
from mmswap.registry import MODELS


@MODELS.register_module()
class RetainObjective(Objective):
    """``L_retain`` alone.

    With ``model.trains='from_scratch'`` it is retraining, what unlearning is
    measured by. With the weights of a base model it is plain fine-tuning on
    what is retained.
    """

    branches = ('retain', )

    def forward(self, totals: Mapping[str, Tensor],
                outputs: Mapping[str, BranchOutputs]) -> Dict[str, Tensor]:
        """The loss of the branch; see :meth:`Objective.forward`."""
        del outputs
        return dict(retain_loss=totals['retain'])
