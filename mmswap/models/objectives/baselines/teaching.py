"""Objectives that compare the model with itself as the phase began."""
from typing import Any, Dict

from torch import nn

from mmswap.models.objectives.base import Objective
from mmswap.models.outputs.classifier_outputs import ClassifierOutputs
from mmswap.models.outputs.teacher import Teacher


class TeacherMixin(Objective):
    """Has a teacher look at each branch's batch before the model does.

    To be named before the objective that it is mixed into.

    Args:
        args: Positional arguments of that objective.
        kwargs: Its other arguments.

    Attributes:
        teacher: The model as it was when the phase began.
        teacher_outputs: Its outputs in this step, by branch.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.teacher = Teacher()
        self.teacher_outputs: Dict[str, ClassifierOutputs] = {}

    def before_branch(self, name: str, model: nn.Module,
                      batch: Dict[str, Any]) -> None:
        """Let the teacher look; see :meth:`Objective.before_branch`."""
        self.teacher_outputs[name] = self.teacher.observe(
            model, batch, self.plan)
