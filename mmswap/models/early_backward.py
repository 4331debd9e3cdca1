"""The gradients of a branch, before the next branch runs.

What autograd keeps of one branch is freed before the next one's pass, so that
the most that is kept at one time is one branch's. The gradients are kept
instead, which with LoRA are small. The optimizer, gradient accumulation, loss
scales and DDP see nothing of it: to them a branch's loss is one node of the
graph, whose backward pass hands the gradients on.
"""
from typing import Any, Sequence, Tuple

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from mmswap.models.adapters.autocast import autocast_dtype


def can_go_back_early(model: nn.Module) -> bool:
    """Whether gradients can be taken before the step's backward pass.

    Not in float16, where they underflow without the loss scale, which only
    the optim wrapper knows.

    Args:
        model: The wrapped model.
    """
    device = next(model.parameters()).device.type
    return torch.is_grad_enabled() and (
        autocast_dtype(device) != torch.float16)


def is_recomputed(loss: Tensor) -> bool:
    """Whether re-entrant activation checkpointing is part of a loss's graph.

    Such a block hands its parameters their gradients by a backward pass of
    its own, of which ``torch.autograd.grad`` knows nothing: it raises an
    error, or leaves the block out.

    Args:
        loss: A scalar, with its graph.
    """
    nodes, seen = [loss.grad_fn], {loss.grad_fn}
    while nodes:
        node = nodes.pop()
        if node is None:
            continue
        if 'Checkpoint' in node.name():
            return True
        for child, _ in node.next_functions:
            if child not in seen:
                seen.add(child)
                nodes.append(child)
    return False


def take_gradients(loss: Tensor, model: nn.Module, value: Tensor) -> Tensor:
    """Compute a loss's gradients now and free what autograd kept for it.

    Args:
        loss: A scalar of which :func:`is_recomputed` is false.
        model: The model that it comes from.
        value: A scalar, the value of what is returned.

    Returns:
        A scalar whose backward pass adds the gradients of ``loss``, times
        its own, to the parameters'.
    """
    if not loss.requires_grad:
        return value
    params = [param for param in model.parameters() if param.requires_grad]
    grads = torch.autograd.grad(loss, params, allow_unused=True)
    reached = [(param, grad) for param, grad in zip(params, grads)
               if grad is not None]
    return _Known.apply(value, [grad for _, grad in reached],
                        *(param for param, _ in reached))


class _Known(torch.autograd.Function):
    """A scalar whose gradients are known."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, grads: Sequence[Tensor],
                *params: Tensor) -> Tensor:
        del params
        ctx.save_for_backward(*grads)
        return value.clone()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tuple[Any, ...]:
        return (None, None, *(grad.to(known.dtype) * known
                              for known in ctx.saved_tensors))
