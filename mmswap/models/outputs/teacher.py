"""The model as it was when its phase began, to compare with."""
from contextlib import contextmanager
from typing import Any, Dict, Iterator

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm

from mmswap.models.outputs.observer import ClassifierOutputs, Observer
from mmswap.models.outputs.phase_buffers import PhaseBuffers


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[None]:
    """Without dropout and the like, for a while.

    Flag by flag, as ``model.train`` does more than that in some backbones:
    it freezes their first stages anew.
    """
    modes = {module: module.training for module in model.modules()}
    for module in modes:
        module.training = False
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


def trained_parameters(model: nn.Module) -> Dict[str, nn.Parameter]:
    """The parameters that train, by name."""
    return {
        key: param
        for key, param in model.named_parameters() if param.requires_grad
    }


def moving_tensors(model: nn.Module) -> Dict[str, Tensor]:
    """The parameters that train and the running statistics, by name."""
    moving: Dict[str, Tensor] = {**trained_parameters(model)}
    for path, module in model.named_modules():
        if isinstance(module, _BatchNorm):
            moving.update(module.named_buffers(path, recurse=False))
    return moving


class Teacher(nn.Module):
    """The model as it was when its phase began.

    It has the weights that train, and borrows those that stay from the
    model itself. They travel in the checkpoint, so that a resumed phase has
    the teacher that it began with, and none of them is a parameter.
    """

    def __init__(self) -> None:
        super().__init__()
        self.weights = PhaseBuffers()

    @torch.no_grad()
    def observe(self, model: nn.Module, batch: Dict[str, Any],
                num_classes: int) -> ClassifierOutputs:
        """What the teacher sees and says of a batch.

        Args:
            model: The wrapped model. At the first call of a phase its
                weights become the teacher's.
            batch: ``dict(inputs, data_samples)``, preprocessed.
            num_classes: K + N.
        """
        if not self.weights.ready:
            self.weights.keep(moving_tensors(model))
        with eval_mode(model), Observer(model, num_classes) as observer:
            functional_call(
                model, self.weights.tensors, (), dict(batch, mode='loss'))
        return observer.take()
