"""Baselines that hold the outputs of the model where they were.

All take the model of the phase's start as the teacher and compare with it on
the images to retain.
"""
from abc import abstractmethod
from typing import Dict

import torch
from torch import Tensor

from mmswap.models.objectives.base import check_weight
from mmswap.models.objectives.baselines.relabel import (
    RelabelObjective,
    Seen,
    check_temperature,
)
from mmswap.models.objectives.baselines.teaching import TeacherMixin
from mmswap.models.objectives.divergence import kl_divergence
from mmswap.registry import MODELS


class _DistillationObjective(TeacherMixin, RelabelObjective):
    """Adds ``distill_weight`` times a distance from the teacher.

    Args:
        distill_weight: Weight of the distance.
        retain_weight: Weight of the retain branch's own loss.
        weight: Weight of the wrong labels.
    """

    def __init__(self, distill_weight: float, retain_weight: float,
                 weight: float) -> None:
        super().__init__(retain_weight, weight)
        self.distill_weight = check_weight('distill_weight', distill_weight)

    def added(self, observed: Seen) -> Dict[str, Tensor]:
        """The distance on the images to retain."""
        distance = self.distance(
            self.teacher_outputs['retain'].logits.float(),
            observed['retain'].logits.float())
        return dict(distill_loss=self.distill_weight * distance)

    @abstractmethod
    def distance(self, teacher: Tensor, student: Tensor) -> Tensor:
        """How far the student's logits are from the teacher's.

        Args:
            teacher: Shape (M, C).
            student: Shape (M, C).
        """


@MODELS.register_module()
class LwFObjective(_DistillationObjective):
    """Learning without Forgetting (Li and Hoiem, ECCV 2016).

    ``weight * CE~_F + retain_weight * L_R + distill_weight *
    KL(p_teacher || p)`` with probabilities softened by ``temperature``. The
    paper's cross-entropy of the two differs from KL by a constant. GS-LoRA
    names 0.5 as ``distill_weight``, 2 or 10 as ``retain_weight`` and 2 as
    the temperature.

    Args:
        distill_weight: Weight of the distillation.
        retain_weight: Weight of the retain branch's own loss.
        weight: Weight of the wrong labels.
        temperature: Of the distillation.

    Raises:
        ValueError: If a weight is negative or the temperature not positive.
    """

    def __init__(self,
                 distill_weight: float = 0.5,
                 retain_weight: float = 2.0,
                 weight: float = 1.0,
                 temperature: float = 2.0) -> None:
        super().__init__(distill_weight, retain_weight, weight)
        self.temperature = check_temperature(temperature)

    def distance(self, teacher: Tensor, student: Tensor) -> Tensor:
        """``KL(p_teacher || p)``."""
        return kl_divergence(teacher, student, self.temperature)


@MODELS.register_module()
class DERObjective(_DistillationObjective):
    """Dark Experience Replay, DER and DER++ (Buzzega et al., NeurIPS 2020).

    ``weight * CE~_F + distill_weight * E ||z - z_teacher||^2`` with the
    logits z of the images to retain. DER++ adds ``retain_weight * L_R``,
    here on the same images; the paper draws others for it. GS-LoRA's
    constants are for embeddings in place of logits: 0.01 (DER); 0.005 and
    0.005, or 0.01 and 0.5 on ImageNet (DER++).

    Args:
        distill_weight: Weight of the squared distance (alpha in the paper).
        retain_weight: Weight of the retain branch's own loss (beta in the
            paper): 0 is DER, more is DER++.
        weight: Weight of the wrong labels.

    Raises:
        ValueError: If a weight is negative.
    """

    def __init__(self,
                 distill_weight: float = 0.01,
                 retain_weight: float = 0.,
                 weight: float = 1.0) -> None:
        super().__init__(distill_weight, retain_weight, weight)

    def distance(self, teacher: Tensor, student: Tensor) -> Tensor:
        """The squared distance of an image's logits, mean of the images."""
        return (student - teacher).square().sum(1).mean()


@MODELS.register_module()
class FDRObjective(_DistillationObjective):
    """Function distance regularisation (Benjamin et al., ICLR 2019).

    ``weight * CE~_F + distill_weight * sqrt(E ||z - z_teacher||^2)``: the
    distance of the two functions in L2, estimated on the images to retain.
    GS-LoRA names 50, and 40 on ImageNet.

    Args:
        distill_weight: Weight of the distance.
        weight: Weight of the wrong labels.

    Raises:
        ValueError: If a weight is negative.
    """

    def __init__(self,
                 distill_weight: float = 50.,
                 weight: float = 1.0) -> None:
        super().__init__(distill_weight, 0., weight)

    def distance(self, teacher: Tensor, student: Tensor) -> Tensor:
        """The root mean square distance of an image's logits."""
        # The norm's gradient is 0 at the start, where both are equal; that
        # of a root of a mean would be NaN.
        size = torch.linalg.vector_norm(student - teacher)
        return size / len(student)**0.5
