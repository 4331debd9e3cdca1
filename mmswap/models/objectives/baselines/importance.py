"""Baselines that hold the weights where they were: L2, EWC and MAS."""
from typing import Any, Dict, Iterable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmswap.class_table import ClassTable
from mmswap.models.objectives.base import check_weight
from mmswap.models.objectives.baselines.relabel import RelabelObjective, Seen
from mmswap.models.outputs.at_rest import at_rest
from mmswap.models.outputs.classifier_outputs import ClassifierOutputs
from mmswap.models.outputs.observer import Observer
from mmswap.models.outputs.observer_plan import ObserverPlan
from mmswap.models.outputs.phase_buffers import PhaseBuffers
from mmswap.models.outputs.teacher import trained_parameters
from mmswap.registry import MODELS

METHODS = ('l2', 'ewc', 'mas')


def summed_importance(model: nn.Module, batches: Iterable[Dict[str, Any]],
                      params: Mapping[str, nn.Parameter], method: str,
                      plan: ObserverPlan) -> Dict[str, Tensor]:
    """How much each weight matters, summed over images.

    - ``'ewc'``: the diagonal of the Fisher information, the square of the
      gradient of ``log p(y | x)`` with y drawn from the model's own p
      (Kirkpatrick et al., *Overcoming catastrophic forgetting in neural
      networks*, PNAS 2017).
    - ``'mas'``: the size of the gradient of the squared norm of the logits
      (Aljundi et al., *Memory Aware Synapses*, ECCV 2018).

    Args:
        model: The wrapped model.
        batches: ``dict(inputs, data_samples)`` of one image each: neither
            the square nor the size of a mean gradient is the mean of those
            of the images.
        params: The weights in question, by name.
        method: ``'ewc'`` or ``'mas'``.
        plan: Of the model.

    Returns:
        The sums by name, each in its weight's shape.
    """
    sums = {key: torch.zeros_like(param) for key, param in params.items()}
    for batch in batches:
        with at_rest(model), Observer(plan) as observer:
            model(**batch, mode='loss')
        grads = torch.autograd.grad(
            _target(observer.take(), method),
            list(params.values()),
            allow_unused=True)
        for total, grad in zip(sums.values(), grads):
            if grad is not None:
                total += grad.square() if method == 'ewc' else grad.abs()
    return sums


def _target(seen: ClassifierOutputs, method: str) -> Tensor:
    """What is differentiated."""
    logits = seen.logits.float()
    if method == 'mas':
        return logits.square().sum()
    drawn = torch.multinomial(logits.detach().softmax(1), 1)[:, 0]
    return F.cross_entropy(logits, drawn)


@MODELS.register_module()
class ImportanceObjective(RelabelObjective):
    """L2, EWC and MAS: weights that matter are held where they were.

    ``retain_weight * L_R + weight * CE~_F + penalty * sum over weights w of
    importance * (w - w*)^2``, with w* where the phase began. The importance
    is 1 (L2), the Fisher information (EWC) or MAS's; the last two are
    measured by an :class:`~mmswap.engine.ImportanceHook`. They are measured
    anew in every phase, on what is to be retained then. In EWC's paper the
    penalty is half as large for the same lambda. GS-LoRA names as penalty
    10, 3 on ImageNet (EWC), 0.005, 0.002 on ImageNet (MAS) and 0.1 (L2) for
    its four requests.

    Args:
        method: ``'l2'``, ``'ewc'`` or ``'mas'``.
        penalty: Weight of the regulariser.
        retain_weight: Weight of the retain branch's own loss.
        weight: Weight of the wrong labels.

    Raises:
        ValueError: If ``method`` is unknown or a weight negative.
    """

    def __init__(self,
                 method: str,
                 penalty: float,
                 retain_weight: float = 1.0,
                 weight: float = 1.0) -> None:
        super().__init__(retain_weight, weight)
        if method not in METHODS:
            raise ValueError(f'model.objective.method must be one of '
                             f'{METHODS}, got {method!r}')
        self.method = method
        self.penalty = check_weight('penalty', penalty)
        self.anchor = PhaseBuffers()
        self.importance = PhaseBuffers()
        self.params: Dict[str, nn.Parameter] = {}

    def attach(self, model: nn.Module, classes: ClassTable) -> None:
        """Note the weights that train; see :meth:`Objective.attach`."""
        super().attach(model, classes)
        self.params = trained_parameters(model)

    @property
    def measures(self) -> bool:
        """Whether importances must be measured, and have not been."""
        return self.method != 'l2' and not self.importance.ready

    def added(self, observed: Seen) -> Dict[str, Tensor]:
        """The regulariser.

        Raises:
            RuntimeError: If no importances were measured in this phase.
        """
        del observed
        if self.measures:
            raise RuntimeError(
                "custom_hooks must have dict(type='mmswap.ImportanceHook') "
                f'with model.objective.method={self.method!r}, which needs '
                'the importance of each weight; none was measured')
        if not self.anchor.ready:
            self.anchor.keep(self.params)
        terms = []
        for key, param in self.params.items():
            moved = (param - self.anchor.tensors[key]).square()
            if self.method != 'l2':
                moved = moved * self.importance.tensors[key]
            terms.append(moved.sum())
        return dict(penalty_loss=self.penalty * torch.stack(terms).sum())
