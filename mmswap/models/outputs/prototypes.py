"""Class prototypes: the mean features and logits of each class.

GS-LoRA++ pulls the classes to retain towards the prototypes that the model
had when the phase began, and pushes those to forget away from theirs.
"""
from typing import Any, Dict, Optional, cast

import torch
from mmengine import dist
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn

from mmswap.models.outputs.at_rest import at_rest
from mmswap.models.outputs.classifier_outputs import ClassifierOutputs
from mmswap.models.outputs.observer import Observer
from mmswap.models.outputs.observer_plan import ObserverPlan


class PrototypeSums:
    """Sums over the classified objects of each class.

    In float64: however the objects are spread over batches and processes, the
    means come out alike up to float32 rounding.

    Args:
        num_classes: K + N.
    """

    def __init__(self, num_classes: int) -> None:
        self.num_classes = num_classes
        self._sums: Optional[Dict[str, Tensor]] = None

    def add(self, observed: ClassifierOutputs, count: bool = True) -> None:
        """Add the objects of a batch.

        Args:
            observed: The classified rows.
            count: Whether they count. The sizes of features and logits are
                read off ones that do not, too.
        """
        counted = observed.objects if count else torch.zeros_like(
            observed.labels, dtype=torch.bool)
        # The last row takes those that do not count.
        labels = torch.where(counted, observed.labels, self.num_classes)
        parts = dict(
            features=observed.features,
            logits=observed.logits,
            counts=torch.ones_like(labels)[:, None])
        if self._sums is None:
            self._sums = {
                key: part.new_zeros(
                    self.num_classes + 1, part.shape[1], dtype=torch.float64)
                for key, part in parts.items()
            }
        for key, part in parts.items():
            self._sums[key].index_add_(0, labels, part.detach().double())

    def means(self) -> Dict[str, Tensor]:
        """The prototypes, over the objects of all ranks.

        Returns:
            ``features``, float32 of shape (K + N, D), ``logits``, float32 of
            shape (K + N, C), and ``counts``, int64 of shape (K + N,): how
            many objects each is the mean of. Where that is none the rest is
            zero.

        Raises:
            RuntimeError: If no batch was added.
        """
        if self._sums is None:
            raise RuntimeError('prototypes need a batch, got none')
        for total in self._sums.values():
            dist.all_reduce(total)
        counts = self._sums['counts'][:-1]
        means = {
            key: (self._sums[key][:-1] / counts.clamp(min=1)).float()
            for key in ('features', 'logits')
        }
        return dict(means, counts=counts[:, 0].long())


@torch.no_grad()
def classifier_outputs(model: Any, batch: Dict[str, Any],
                       plan: ObserverPlan) -> ClassifierOutputs:
    """The classified rows of one branch's batch.

    Nothing is drawn at random in the layers: dropout and the like are off.

    Args:
        model: The SwapModel, left in the mode in which it was.
        batch: ``dict(inputs, data_samples)`` as the data loader gives it.
        plan: Of the wrapped model.

    Raises:
        RuntimeError: If the classifier cannot be watched.
    """
    return _observed(model, batch, plan).take()


@torch.no_grad()
def classifier_prototypes(model: Any, batch: Dict[str, Any],
                          plan: ObserverPlan) -> Dict[str, Tensor]:
    """The rows of the classifier's weight, as prototypes of the classes.

    GS-LoRA's detection takes them instead of means: the inner product of a
    feature with its class's row is the logit.

    Args:
        model: The SwapModel.
        batch: One batch, by which the classifier that the model predicts
            with is told from others of its head.
        plan: Of the wrapped model.

    Returns:
        ``features``, float32 of shape (K + N, D), and ``counts``, one for
        each class.

    Raises:
        RuntimeError: If the classifier cannot be watched or is no linear
            layer.
    """
    layer = _observed(model, batch, plan).classifier()
    base = layer.get_base_layer() if isinstance(layer, LoraLayer) else layer
    if not isinstance(base, nn.Linear):
        raise RuntimeError(
            "PrototypeHook.source must be 'images' for a model whose "
            f'classifier is no linear layer, got a {type(base).__name__}')
    weight = base.weight.float()
    if isinstance(layer, LoraLayer):
        for name in layer.active_adapters:
            delta: Tensor = cast(Any, layer).get_delta_weight(name)
            weight = weight + delta.float()
    rows = weight[:plan.num_classes]
    return dict(
        features=rows.clone(),
        counts=torch.ones(len(rows), dtype=torch.long, device=rows.device))


def _observed(model: Any, batch: Dict[str, Any],
              plan: ObserverPlan) -> Observer:
    data = model.data_preprocessor(batch, True)
    with at_rest(model.model), Observer(plan) as observer:
        model.model(**data, mode='loss')
    return observer
