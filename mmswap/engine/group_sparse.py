"""Group sparsity as plain arithmetic on lists of tensors.

``S = sum over groups g of ||g||``, with ||g|| the Frobenius norm over all LoRA
matrices of the group (Knowledge Swapping, Sec. 3.3; GS-LoRA, Sec. 4.2).
Nothing here reads a number back from the GPU.
"""
from typing import Iterable, Sequence

import torch
from torch import Tensor

from mmswap.models.adapters.groups import stacked_norms

Groups = Sequence[Sequence[Tensor]]


@torch.no_grad()
def add_penalty_grad(groups: Groups, alpha: float) -> None:
    """Add the gradient of ``alpha * S`` to the groups' gradients.

    The gradient of ||g|| with respect to one of its matrices p is p / ||g||.
    A group that is exactly zero has no gradient there; it gets 0, a
    subgradient, rather than the NaN of 0 / 0.

    Args:
        groups: The parameters of each group; ``grad`` None counts as zero.
        alpha: Weight of S.
    """
    sizes = stacked_norms(groups)
    # Where the norm is 0 so is p, and any finite divisor gives 0.
    factors = alpha / torch.where(sizes > 0, sizes, torch.ones_like(sizes))
    for group, factor in zip(groups, factors):
        for param in group:
            term = param.detach() * factor.to(param.dtype)
            if param.grad is None:
                param.grad = term
            else:
                param.grad.add_(term)


@torch.no_grad()
def soft_threshold(groups: Groups, threshold: float) -> None:
    """Block soft-threshold, the proximal operator of ``threshold * S``.

    ``g <- max(0, 1 - threshold / ||g||) * g``: a group whose norm is below
    the threshold becomes exactly zero.

    Args:
        groups: The parameters of each group, changed in place.
        threshold: Learning rate times alpha.
    """
    sizes = stacked_norms(groups)
    safe = torch.where(sizes > 0, sizes, torch.ones_like(sizes))
    for group, factor in zip(groups, (1 - threshold / safe).clamp(min=0)):
        for param in group:
            param.mul_(factor.to(param.dtype))


@torch.no_grad()
def has_gradient(groups: Iterable[Sequence[Tensor]]) -> Tensor:
    """Whether a gradient reached each group: bool, of shape (groups,).

    It did where an element of a gradient is not zero, be it NaN.

    Args:
        groups: The parameters of each group; ``grad`` None counts as zero.
    """
    return torch.stack([
        torch.stack([
            torch.zeros_like(p, dtype=torch.bool).any()
            if p.grad is None else p.grad.ne(0).any() for p in group
        ]).any() for group in groups
    ])


def steps_to_zero(norms: Tensor, alpha: float, rates: Tensor) -> Tensor:
    """Steps in which the soft-threshold alone makes each group zero.

    A step takes ``lr * alpha`` off a norm, so that it takes ``||g|| /
    (lr * alpha)`` of them. The task losses pull against that or along with
    it: far above the length of a phase the term does next to nothing, far
    below it takes all groups.

    Args:
        norms: Norm of each group, of shape (number of groups,).
        alpha: Weight of S, above 0.
        rates: Learning rate of each group, of the same shape.

    Returns:
        Steps of the same shape: 0 where a group is zero, infinite where the
        learning rate is.
    """
    return torch.where(norms > 0, norms / (alpha * rates), 0.)


def group_growth(before: Tensor, after: Tensor, alpha: float,
                 rates: Tensor) -> Tensor:
    """What the optimizer adds to each norm a step, in units of its rate.

    A step is ``||g|| <- ||g|| + lr * (growth - alpha)``, so a group shrinks
    where its growth is below alpha. Under Adam it is at most about the root
    of the number of elements, whatever the size of the gradient.

    Args:
        before: Norm of each group, of shape (number of groups,).
        after: The same some steps later; none became zero on the way.
        alpha: Weight of S.
        rates: Learning rates of these steps, summed, of the same shape.

    Returns:
        The mean growth of the same shape; infinite or NaN without a step.
    """
    return alpha + (after - before) / rates
