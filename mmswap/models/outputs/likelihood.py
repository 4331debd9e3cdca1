"""Negative log-likelihoods of a classifier's logits."""
from typing import Optional

import torch
from torch import Tensor
from torch.nn import functional as F


def class_nll(logits: Tensor, sigmoid: bool) -> Tensor:
    """Minus the log of the probability of each class, in nats.

    Args:
        logits: Shape (..., C).
        sigmoid: Whether each class has a probability of its own, as with the
            focal loss, or all of them one distribution.

    Returns:
        float32 of the same shape.
    """
    if sigmoid:
        return F.softplus(-logits.float())
    return -F.log_softmax(logits.float(), -1)


def no_object_nll(logits: Tensor, sigmoid: bool, num_classes: int,
                  objectness: Optional[Tensor] = None) -> Tensor:
    """Minus the log of the probability of no class, in nats.

    Args:
        logits: Shape (M, C).
        sigmoid: See :func:`class_nll`. No class is then none of all.
        num_classes: K + N. Without sigmoid, no class is the output behind
            these.
        objectness: Logits of there being an object, shape (M, 1), of a head
            that multiplies the probability of each class by this one.

    Returns:
        float32 of shape (M,), NaN where the outputs are the classes' alone.
    """
    if sigmoid:
        own = logits[:, :num_classes].float()
        if objectness is None:
            return F.softplus(own).sum(-1)
        return _not_both_nll(own, objectness.float()).sum(-1)
    if logits.shape[1] == num_classes:
        return logits.new_full((len(logits), ), float('nan')).float()
    return class_nll(logits, sigmoid)[:, -1]


def _not_both_nll(one: Tensor, other: Tensor) -> Tensor:
    """``-log(1 - sigmoid(one) * sigmoid(other))``, also where both are 1."""
    one, other = torch.broadcast_tensors(-one, -other)
    either = torch.stack([one, other, one + other]).logsumexp(0)
    return F.softplus(one) + F.softplus(other) - either
