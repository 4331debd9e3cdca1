"""Class prototypes: what a model sees and says of each class on average.

GS-LoRA++ pulls the classes to retain towards the prototypes that the model
had when the phase began, and pushes those to forget away from theirs.
"""
from contextlib import contextmanager
from typing import Any, Dict, Iterator, Optional

import torch
from mmengine import dist
from torch import Tensor, nn

from mmswap.models.outputs.observer import ClassifierOutputs, Observer


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
            observed: What the classifier saw and said.
            count: Whether they count. The sizes of features and logits are
                read off ones that do not, too.
        """
        labels = observed.labels if count else observed.labels[:0]
        ones = torch.ones(len(labels), 1)
        parts = dict(
            features=observed.features[:len(labels)],
            logits=observed.logits[:len(labels)],
            counts=ones.to(labels.device))
        if self._sums is None:
            self._sums = {
                key: part.new_zeros(
                    self.num_classes, part.shape[1], dtype=torch.float64)
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
        counts = self._sums['counts']
        means = {
            key: (self._sums[key] / counts.clamp(min=1)).float()
            for key in ('features', 'logits')
        }
        return dict(means, counts=counts[:, 0].long())


@torch.no_grad()
def classifier_outputs(model: Any,
                       batch: Dict[str, Any]) -> ClassifierOutputs:
    """What a model's classifier sees and says of one branch's batch.

    Nothing is drawn at random in its layers: dropout and the like are off.

    Args:
        model: The SwapModel, left in the mode in which it was.
        batch: ``dict(inputs, data_samples)`` as the data loader gives it.

    Raises:
        RuntimeError: If the classifier cannot be watched.
    """
    data = model.data_preprocessor(batch, True)
    with _at_rest(model), Observer(model.model,
                                   len(model.class_table)) as observer:
        model.model(**data, mode='loss')
    return observer.take()


@contextmanager
def _at_rest(model: Any) -> Iterator[None]:
    """Evaluation mode, but for what computes the losses.

    A detector in evaluation mode leaves out what its losses need: DINO its
    denoising queries, dense heads the undecoded boxes. So the model and the
    modules that own a loss stay in training mode; all layers in them, which
    is where dropout is, do not.
    """
    mode = model.training
    model.eval()
    for module in model.model.modules():
        if module is model.model or _owns_a_loss(module):
            module.training = True
    try:
        yield
    finally:
        model.train(mode)


def _owns_a_loss(module: nn.Module) -> bool:
    return any(name.startswith('loss') for name, _ in module.named_children())
