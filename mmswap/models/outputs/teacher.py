"""The model as it was when its phase began, to compare with."""
from typing import Any, Dict

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm

from mmswap.models.outputs.at_rest import at_rest
from mmswap.models.outputs.classifier_outputs import ClassifierOutputs
from mmswap.models.outputs.observer import Observer
from mmswap.models.outputs.observer_plan import ObserverPlan
from mmswap.models.outputs.phase_buffers import PhaseBuffers


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
                plan: ObserverPlan) -> ClassifierOutputs:
        """The teacher's outputs for a batch.

        Args:
            model: The wrapped model. At the first call of a phase its
                weights become the teacher's.
            batch: ``dict(inputs, data_samples)``, preprocessed.
            plan: Of the model.
        """
        if not self.weights.ready:
            self.weights.keep(moving_tensors(model))
        with at_rest(model), Observer(plan) as observer:
            functional_call(
                model, self.weights.tensors, (), dict(batch, mode='loss'))
        return observer.take()
