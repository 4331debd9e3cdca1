"""A model without dropout and the like, that still computes its losses."""
from contextlib import contextmanager
from typing import Iterator

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


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


def draws_or_mixes(module: nn.Module) -> bool:
    """Whether a layer draws at random, or looks at other images of the batch.

    Args:
        module: Of which the layers within do not count.
    """
    if not module.training:
        return False
    if isinstance(module, _BatchNorm):
        return True
    rates = {name: value for name, value in vars(module).items()
             if 'drop' in name or (name == 'p' and 'Drop' in
                                   type(module).__name__)}
    return any(isinstance(rate, float) and rate > 0 for rate in rates.values())
