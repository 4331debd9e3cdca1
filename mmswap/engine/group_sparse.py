"""Group sparsity as plain arithmetic on lists of tensors.

``S = sum over groups g of ||g||``, with ||g|| the Frobenius norm over all LoRA
matrices of the group (Knowledge Swapping, Sec. 3.3; GS-LoRA, Sec. 4.2).
Nothing here reads a number back from the GPU.
"""
from typing import List, Sequence

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
def without_gradient(groups: Groups) -> List[int]:
    """Indices of the groups that no gradient reached.

    A group that is zero throughout is not one of them: LoRA with A = B = 0
    has no gradient by construction.
    """
    dead = []
    for index, group in enumerate(groups):
        grads = [p.grad for p in group if p.grad is not None]
        if any(bool(grad.ne(0).any()) for grad in grads):
            continue
        if any(bool(p.detach().ne(0).any()) for p in group):
            dead.append(index)
    return dead
