"""What a phase optimises: the branch losses, weighted and bounded.

An objective is a small module that combines one scalar loss a branch into
the terms to be summed. The group-sparse term is the optimizer side's.
"""
import math
from abc import ABCMeta, abstractmethod
from typing import Any, Dict, Mapping, Optional, Tuple

from mmengine.registry import MODELS as MMENGINE_MODELS
from torch import Tensor, nn

from mmswap.class_table import ClassTable
from mmswap.models.outputs.branch import BranchOutputs
from mmswap.models.outputs.held import HeldOutputs
from mmswap.models.outputs.observer_plan import ObserverPlan
from mmswap.models.outputs.phase_buffers import PhaseBuffers


class Objective(nn.Module, metaclass=ABCMeta):
    """What a phase optimises.

    Attributes:
        branches: Names of the branches that it needs.
        observes: Whether it also needs the classified objects of the
            branches.
        needs_features: Whether of these the classifier's inputs, too.
        per_image: Whether these must be one row an image, as a classifier's
            are.
        aux_losses: Whether the losses of auxiliary outputs (earlier decoder
            layers, denoising queries, auxiliary heads) count.
        plan: Where the model's classifiers are.
        hold_weight: Weight of what the base model says of each branch's
            images; see :mod:`mmswap.models.outputs.held`.
        held: What holds it; None where ``hold_weight`` is 0.
        updates: How often the optimizer has stepped in this phase; see
            :meth:`set_updates`.
    """

    branches: Tuple[str, ...] = ()
    observes: bool = False
    needs_features: bool = True
    per_image: bool = False
    aux_losses: bool = True
    plan: ObserverPlan

    def __init__(self) -> None:
        super().__init__()
        self.updates = 0
        self.hold_weight = 0.
        self.held: Optional[HeldOutputs] = None

    def attach(self, model: nn.Module, classes: ClassTable) -> None:
        """Get to know the model; called once, when a SwapModel is built.

        The model must not become a submodule of the objective, which is
        itself one of the SwapModel's.

        Args:
            model: The wrapped model, with LoRA where it has any.
            classes: The class table.

        Raises:
            ValueError: If ``hold_weight`` is not 0 and the model's outputs
                cannot be held.
        """
        self.plan = ObserverPlan(model, len(classes))
        if self.hold_weight:
            self.held = HeldOutputs(
                self.plan, classes, forgets='forget' in self.branches)

    def set_updates(self, updates: int) -> None:
        """Tell how often the optimizer has stepped; before each iteration.

        All batches that are accumulated for one update are told the same.

        Args:
            updates: Counted from the start of the phase.
        """
        self.updates = updates

    def before_branch(self, name: str, model: nn.Module,
                      batch: Dict[str, Any]) -> None:
        """Called with each branch before the model's own pass.

        Args:
            name: One of :attr:`branches`.
            model: The wrapped model.
            batch: ``dict(inputs, data_samples)``, preprocessed.
        """

    def wants_rise(self, name: str) -> bool:
        """Whether ``BranchOutputs.rise`` is to be measured in this step.

        Args:
            name: One of :attr:`branches`.
        """
        del name
        return False

    def total_weight(self, name: str) -> Optional[float]:
        """The weight of a branch's total, where nothing else of it counts.

        What autograd keeps of the branch is then freed as soon as the
        gradient of the total is known; see
        :class:`~mmswap.models.step_losses.StepPlan`.

        Args:
            name: One of :attr:`branches`.

        Returns:
            None where the weight is not the same in each step, or where other
            outputs of the branch have a gradient, too.
        """
        del name
        return None

    def start_phase(self) -> None:
        """Drop what belongs to the phase before."""
        for module in self.modules():
            if isinstance(module, PhaseBuffers):
                module.clear()

    @abstractmethod
    def forward(self, totals: Mapping[str, Tensor],
                outputs: Mapping[str, BranchOutputs]) -> Dict[str, Tensor]:
        """Combine the branch losses.

        Args:
            totals: The scalar loss of each branch in :attr:`branches`.
            outputs: The model's outputs for each of these branches.

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
    """Refuse a weight of an objective that is none, the key ``name``."""
    if not 0 <= value < math.inf:
        rule = 'must not be negative' if value < 0 else 'must be finite'
        raise ValueError(f'model.objective.{name} {rule}, got {value}')
    return value
