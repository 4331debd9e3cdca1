"""What a phase optimises: the branch losses, weighted and bounded.

An objective is a small module that combines one scalar loss a branch into
the terms to be summed. The group-sparse term is the optimizer side's.
"""
from abc import ABCMeta, abstractmethod
from typing import Any, Dict, Mapping, Optional, Tuple

from mmengine.registry import MODELS as MMENGINE_MODELS
from torch import Tensor, nn

from mmswap.class_table import ClassTable
from mmswap.models.outputs.observer import ClassifierOutputs
from mmswap.models.outputs.phase_buffers import PhaseBuffers
from mmswap.models.outputs.teacher import Teacher


class Objective(nn.Module, metaclass=ABCMeta):
    """What a phase optimises.

    Attributes:
        branches: Names of the branches that it needs.
        observes: Whether it also needs what the classifier saw and said.
        per_image: Whether what it observes must be one row an image, as a
            classifier's is.
        teacher: The model as it was when the phase began, where the
            objective compares with it.
    """

    branches: Tuple[str, ...] = ()
    observes: bool = False
    per_image: bool = False

    def __init__(self) -> None:
        super().__init__()
        self.teacher: Optional[Teacher] = None

    def attach(self, model: nn.Module, classes: ClassTable) -> None:
        """Get to know the model; called once, when a SwapModel is built.

        The model must not become a submodule of the objective, which is
        itself one of the SwapModel's.

        Args:
            model: The wrapped model, with LoRA where it has any.
            classes: The class table.
        """

    def start_phase(self) -> None:
        """Drop what belongs to the phase before."""
        for module in self.modules():
            if isinstance(module, PhaseBuffers):
                module.clear()

    @abstractmethod
    def forward(
        self,
        totals: Dict[str, Tensor],
        observed: Optional[Mapping[str, ClassifierOutputs]] = None,
        teacher_outputs: Optional[Mapping[str, ClassifierOutputs]] = None,
    ) -> Dict[str, Tensor]:
        """Combine the branch losses.

        Args:
            totals: The scalar loss of each branch in :attr:`branches`.
            observed: What the classifier saw and said in each branch; None
                where the objective does not observe.
            teacher_outputs: The same of the teacher, on the same images; None
                where there is no teacher.

        Returns:
            The terms to be summed, keys ending in ``loss``.
        """


def build_objective(cfg: Dict[str, Any]) -> Objective:
    """Build the config key ``model.objective``.

    Raises:
        TypeError: If it is no :class:`Objective`.
    """
    objective = MMENGINE_MODELS.build(cfg)
    if not isinstance(objective, Objective):
        raise TypeError(
            "model.objective must be an objective such as "
            f"'mmswap.LearnObjective', got {type(objective).__name__}")
    return objective


def check_weight(name: str, value: float) -> float:
    """Refuse a negative weight of an objective, the key ``name``."""
    if value < 0:
        raise ValueError(
            f'model.objective.{name} must not be negative, got {value}')
    return value
