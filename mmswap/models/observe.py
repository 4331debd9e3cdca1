"""What a model's classifier sees and says while its loss is computed.

Prototypes and distillation need, of every classified object, the feature in
front of the classifier, the logits behind it and the label. Every head of
mmdet, mmseg and mmpretrain has these three, and each shapes and slices them in
its own way. So two places are watched that all have in common: the layer with
one output a class, and the loss module that takes logits with labels. A row of
logits is then found again, by its values, among the outputs of the layers.
"""
from typing import Any, List, NamedTuple, Tuple

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

# What the heads call the loss that compares logits with labels.
_LOSSES = ('loss_module', 'loss_cls')


class Observed(NamedTuple):
    """The classified objects of a batch, M of them.

    Attributes:
        features: What the classifier got, shape (M, D).
        logits: What it said, shape (M, C): one a class, and perhaps one more
            of no class. With gradient, as the features.
        labels: Class table labels, int64 of shape (M,).
    """

    features: Tensor
    logits: Tensor
    labels: Tensor


class Observer:
    """Watches a model's classifiers during one forward pass.

    As a context manager::

        with Observer(model, num_classes=10) as observer:
            losses = model(**batch, mode='loss')
        observed = observer.take()

    Args:
        model: A stock model, with or without LoRA layers in it.
        num_classes: K + N.
    """

    def __init__(self, model: nn.Module, num_classes: int) -> None:
        self.num_classes = num_classes
        self._layers = [m for m in model.modules() if self._classifies(m)]
        self._losses = [
            module for path, module in model.named_modules()
            if path.rpartition('.')[2] in _LOSSES
        ]
        self._said: List[Tuple[Tensor, Tensor]] = []
        self._judged: List[Tuple[Tensor, Tensor]] = []
        self._handles: List[RemovableHandle] = []

    def _classifies(self, module: nn.Module) -> bool:
        weight = getattr(module, 'weight', None)
        # One more row in a softmax head, that of no class. A layer inside the
        # model with as many outputs does no harm: its values are others.
        return isinstance(weight, Tensor) and weight.dim() > 1 and len(
            weight) in (self.num_classes, self.num_classes + 1)

    def __enter__(self) -> 'Observer':
        self._said, self._judged = [], []
        for layer in self._layers:
            self._handles.append(layer.register_forward_hook(self._hear))
        for loss in self._losses:
            self._handles.append(loss.register_forward_pre_hook(
                self._judge, with_kwargs=True))
        return self

    def __exit__(self, *error: Any) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _hear(self, layer: nn.Module, inputs: Any, output: Tensor) -> None:
        """Forward hook of a layer: keep what went in and came out."""
        del layer
        feature = inputs[0]
        if feature.dim() == 4:  # A convolution: (B, D, H, W) to rows.
            if feature.shape[2:] != output.shape[2:]:
                return
            feature, output = feature.movedim(1, -1), output.movedim(1, -1)
        self._said.append((feature.flatten(0, -2), output.flatten(0, -2)))

    def _judge(self, loss: nn.Module, args: Any, kwargs: Any) -> None:
        """Pre-hook of a loss: keep the logits and labels."""
        del loss, kwargs
        if len(args) < 2:
            return
        logits, labels = args[0], args[1]
        if isinstance(labels, (tuple, list)):  # With a quality, as RTMDet's.
            labels = labels[0]
        if (logits.dim() != 2 or labels.dim() != 1
                or labels.is_floating_point()):
            return
        self._judged.append((logits, labels))

    def take(self) -> Observed:
        """What was seen.

        Raises:
            RuntimeError: If the model's classifier or its loss is of a kind
                that cannot be watched.
        """
        if not self._judged or not self._said:
            raise RuntimeError(
                'model must have a classifier with one output a class whose '
                'logits reach a loss with integer labels; none was seen '
                f'({len(self._layers)} layers and {len(self._losses)} losses '
                'watched)')
        parts = [self._objects(*judged) for judged in self._judged]
        return Observed(*map(torch.cat, zip(*parts)))

    def _objects(self, logits: Tensor, labels: Tensor) -> Observed:
        """The rows of a call of a loss that are of a class."""
        objects = (labels >= 0) & (labels < self.num_classes)
        rows = logits.detach()[objects]
        for feature, output in self._said:
            if output.shape[1] != logits.shape[1]:
                continue
            if output.shape == logits.shape and torch.equal(output, logits):
                found = feature[objects]
                break
            same = (rows[:, None] == output.detach()[None]).all(-1)
            if bool(same.any(1).all()):
                found = feature[same.float().argmax(1)]
                break
        else:
            raise RuntimeError(
                'the logits that reach the classification loss must be '
                "outputs of one of the model's layers; they are computed "
                'further')
        return Observed(found, logits[objects], labels[objects])
