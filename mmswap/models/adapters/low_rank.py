"""A linear layer with LoRA that goes over its output once.

peft adds ``B(A(x)) * scaling`` to the layer's output, which makes three more
tensors of the output's size in the forward pass and one in the backward pass;
and autograd adds up two gradients of the input's size. Here the update is
added in the matrix product itself, in place: ``y = W x + b``, then
``y += scaling * B (A x)``, and the same way back::

    u = scaling * g B        (n, rank)
    grad_x = g W + u A       (n, in), A added in place
    grad_A = u^T x           (rank, in)
    grad_B = scaling * g^T (A x)

The gradient of W, which is frozen, is never computed.
"""
from typing import Any, Optional, Tuple

import torch
from mmcv.cnn import Linear as MMCVLinear
from peft.tuners.lora import Linear as PeftLinear
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from mmswap.models.adapters.autocast import autocast_dtype


class LowRankLinear(PeftLinear):
    """peft's LoRA layer around an ``nn.Linear``, with a faster training step.

    Its parameters, state dict and results, up to rounding, are peft's. What
    is not plain LoRA in training goes peft's way: evaluation, export,
    merged or disabled adapters, several at once, dropout, variants such as
    DoRA, weights of another type, mixed precision and a base layer that
    trains.
    """

    def forward(self, x: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """As peft's.

        Args:
            x: Shape (..., in).
            args: See peft.
            kwargs: See peft.

        Returns:
            Shape (..., out).
        """
        if args or kwargs or not self._is_plain(x):
            return super().forward(x, *args, **kwargs)
        [name] = self.active_adapters
        base = self.get_base_layer()
        # Of rows, as its output must be no view: others act on it in place.
        output = _LowRank.apply(
            x.reshape(-1, x.shape[-1]), base.weight, base.bias,
            self.lora_A[name].weight, self.lora_B[name].weight,
            self.scaling[name])
        return output.view(*x.shape[:-1], output.shape[-1])

    def _is_plain(self, x: Tensor) -> bool:
        names = self.active_adapters
        if (not (self.training and torch.is_grad_enabled())
                or self.disable_adapters or self.merged or len(names) != 1
                or names[0] not in self.lora_A or self.fan_in_fan_out
                or autocast_dtype(x.device.type)):
            return False
        [name] = names
        base = self.get_base_layer()
        down, up = self.lora_A[name], self.lora_B[name]
        weights = (base.weight, down.weight, up.weight)
        return (type(base) in (nn.Linear, MMCVLinear) and down.bias is None
                and up.bias is None and not base.weight.requires_grad
                and not (base.bias is not None and base.bias.requires_grad)
                and isinstance(self.lora_dropout[name], nn.Identity)
                and name not in getattr(self, 'lora_variant', {})
                and not getattr(self, 'use_dora', {}).get(name, False)
                and all(weight.dtype == x.dtype for weight in weights))


class _LowRank(torch.autograd.Function):
    """``x W^T + b + scaling * x A^T B^T``, W and b without gradient."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Optional[Tensor],
                down: Tensor, up: Tensor, scaling: float) -> Tensor:
        small = x @ down.t()
        output = F.linear(x, weight, bias)
        output.addmm_(small, up.t(), alpha=scaling)
        # The gradient of A alone needs the layer's input.
        ctx.save_for_backward(x if ctx.needs_input_grad[3] else None, small,
                              weight, down, up)
        ctx.scaling = scaling
        return output

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tuple[Any, ...]:
        x, small, weight, down, up = ctx.saved_tensors
        scaled = (grad @ up).mul_(ctx.scaling)
        grad_x = grad_down = grad_up = None
        if ctx.needs_input_grad[0]:
            grad_x = (grad @ weight).addmm_(scaled, down)
        if ctx.needs_input_grad[3]:
            grad_down = scaled.t() @ x
        if ctx.needs_input_grad[4]:
            grad_up = (grad.t() @ small).mul_(ctx.scaling)
        return grad_x, None, None, grad_down, grad_up, None
