"""How far images are from those that a model was trained on."""
from contextlib import contextmanager
from typing import Iterator, List, cast

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

# In the square of levels of grey: the variance of a photograph's channels.
_VARIANCE = 58.**2
# What torch adds to variances by default, and mmdet's YOLOX.
_EPS = 1e-3


class BatchStatistics:
    """Compares what BatchNorm layers are given with what they were used to.

    The term of DeepInversion (Yin et al., CVPR 2020) holds the mean
    and the variance of each channel to the running ones, which are all that
    is left of the training images. Here both are relative, so that layers of
    whatever scale count alike: the square of the difference of means over the
    variance, and the square of the logarithm of the ratio of the standard
    deviations.

    Args:
        model: The model.

    Raises:
        ValueError: If no layer has running statistics.
    """

    def __init__(self, model: nn.Module) -> None:
        self._layers = [
            module for module in model.modules()
            if isinstance(module, _BatchNorm)
            and module.running_mean is not None
        ]
        if not self._layers:
            raise ValueError(
                'CONFIG must be of a model with BatchNorm, whose statistics '
                f'keep images natural, got a {type(model).__name__} without; '
                'use images that nobody has labelled (mmswap pseudo-label)')
        self._terms: List[Tensor] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While this is open, the model's passes are compared."""
        handles = [layer.register_forward_pre_hook(self._compare)
                   for layer in self._layers]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()
            self._terms.clear()

    def distance(self) -> Tensor:
        """The mean of the layers since this was asked for the last time."""
        distance = torch.stack(self._terms).mean()
        self._terms.clear()
        return distance

    def _compare(self, layer: nn.Module, inputs: tuple) -> None:
        values = inputs[0].transpose(0, 1).flatten(1)
        mean, std = values.mean(1), (values.var(1, False) + _EPS).sqrt()
        usual = (cast(Tensor, layer.running_var) + _EPS).sqrt()
        shift = (mean - cast(Tensor, layer.running_mean)) / usual
        self._terms.append(
            (shift.square() + (std / usual).log().square()).mean())


def roughness(images: Tensor) -> Tensor:
    """Mean square of the steps between neighbours, of a photograph about 0.1.

    Args:
        images: In levels of grey, (B, C, H, W).

    Returns:
        A number, relative to the variance of photographs.
    """
    across = (images[..., 1:] - images[..., :-1]).square().mean()
    down = (images[..., 1:, :] - images[..., :-1, :]).square().mean()
    return (across + down) / _VARIANCE
