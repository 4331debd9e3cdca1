"""A model without dropout and the like, that still computes its losses."""
from contextlib import contextmanager
from typing import Iterator

from torch import nn


@contextmanager
def at_rest(model: nn.Module) -> Iterator[None]:
    """Evaluation mode for a while, but for what computes the losses.

    A detector in evaluation mode leaves out what its losses need: DINO its
    denoising queries, dense heads the undecoded boxes. So the model itself
    and the modules that own a loss are in training mode; all layers in them,
    which is where dropout is, are not.

    Flag by flag, as ``model.train`` does more than that in some backbones:
    it freezes their first stages anew.

    Args:
        model: The wrapped model.
    """
    modes = {module: module.training for module in model.modules()}
    for module in modes:
        module.training = module is model or _owns_a_loss(module)
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


def _owns_a_loss(module: nn.Module) -> bool:
    return any(name.startswith('loss') for name, _ in module.named_children())
