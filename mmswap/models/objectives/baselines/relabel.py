"""Forgetting by wrong labels, what most baselines of GS-LoRA share."""
from abc import abstractmethod
from typing import Dict, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from mmswap.models.objectives.base import (
    Objective,
    check_weight,
)
from mmswap.models.outputs.branch import BranchOutputs
from mmswap.models.outputs.classifier_outputs import ClassifierOutputs

Seen = Mapping[str, ClassifierOutputs]


def classified(outputs: Mapping[str, BranchOutputs]) -> Seen:
    """The classified images of each branch.

    Args:
        outputs: Of an objective that observes.
    """
    return {
        name: branch.classifier
        for name, branch in outputs.items() if branch.classifier is not None
    }


def wrong_labels(labels: Tensor, num_classes: int) -> Tensor:
    """Draw a wrong label for each, all others being as likely.

    Drawn with torch's own generator, so that a seeded run repeats.

    Args:
        labels: The true labels, int64 of shape (M,).
        num_classes: The number of classes, all of them.

    Returns:
        Labels of the same shape, none of them the true one.
    """
    shift = torch.randint(
        1, num_classes, labels.shape, device=labels.device)
    return (labels + shift) % num_classes


def wrong_label_loss(seen: ClassifierOutputs) -> Tensor:
    """Cross-entropy against labels that are drawn anew and wrong.

    Args:
        seen: The classified images.

    Returns:
        The mean over the images, in nats.
    """
    logits = seen.logits.float()
    return F.cross_entropy(logits,
                           wrong_labels(seen.labels, logits.shape[1]))


def check_temperature(value: float) -> float:
    """Refuse ``model.objective.temperature`` unless it is positive."""
    if value <= 0:
        raise ValueError('model.objective.temperature must be positive, got '
                         f'{value}')
    return value


class RelabelObjective(Objective):
    """``retain_weight * L_R + weight * CE~_F`` and what a method adds.

    ``CE~_F`` is the cross-entropy of the images to forget against wrong
    labels, drawn anew at each step.

    Args:
        retain_weight: Weight of the retain branch's own loss.
        weight: Weight of the wrong labels.

    Raises:
        ValueError: If a weight is negative.
    """

    branches = ('retain', 'forget')
    observes = True
    per_image = True

    def __init__(self, retain_weight: float, weight: float) -> None:
        super().__init__()
        self.retain_weight = check_weight('retain_weight', retain_weight)
        self.weight = check_weight('weight', weight)

    def forward(self, totals: Mapping[str, Tensor],
                outputs: Mapping[str, BranchOutputs]) -> Dict[str, Tensor]:
        """Sum up; see :meth:`Objective.forward`."""
        seen = classified(outputs)
        return dict(
            retain_loss=self.retain_weight * totals['retain'],
            forget_loss=self.weight * wrong_label_loss(seen['forget']),
            **self.added(seen))

    @abstractmethod
    def added(self, observed: Seen) -> Dict[str, Tensor]:
        """What the method adds, weighted.

        Args:
            observed: The classified images of each branch.
        """
