"""Where a model's classifiers are: found once, watched in every step."""
import re
from typing import Any, Dict, NamedTuple, Optional, Tuple, cast

import torch
from torch import Tensor, nn

from mmswap.models.outputs.classifier_outputs import ClassifierOutputs
from mmswap.models.outputs.row_matching import last_heads

# What the heads call the loss that compares logits with labels, or a list of
# such losses.
_LOSS = re.compile(r'(?:(.*)\.)?(?:loss_module|loss_cls|loss_decode)(\.\d+)?$')
# What YOLOX calls the loss of there being an object.
_OBJECTNESS = 'loss_obj'


class ObserverPlan:
    """The losses that take logits with labels, and the layers before them.

    Built once a model, by the objective that the model is attached to.

    Args:
        model: A stock model, with or without LoRA layers in it.
        num_classes: K + N.

    Attributes:
        model: The model.
        num_classes: K + N.
        all_losses: Every classification loss, those of auxiliary heads too.
        losses: Path of a head to its losses; of a cascade the last head.
        layers: Path of a head to its layers with one output a class.
        objectness: Path of a head to its loss of there being an object, of
            those that have one.
        routes: Path of a head to how features were found there in an
            earlier step: by their rows, their place or as a map.
    """

    def __init__(self, model: nn.Module, num_classes: int) -> None:
        self.model = model
        self.num_classes = num_classes
        paths = dict(model.named_modules())
        matches = {path: _LOSS.match(path) for path in paths}
        owners = {path: m[1] or '' for path, m in matches.items() if m}
        self.all_losses = [paths[path] for path in owners]
        # A detector's float targets are a box's quality at its class; a
        # classifier's are the soft labels of Mixup, which are no class.
        self._image_losses = [
            paths[path] for path in owners if 'loss_module' in path.split('.')
        ]
        self.losses = {
            head: [paths[path] for path in owners if owners[path] == head]
            for head in last_heads(sorted(set(owners.values())))
        }
        self.layers = {
            head: [m for m in paths[head].modules() if self._classifies(m)]
            for head in self.losses
        }
        self.objectness = {
            head: loss for head in self.losses
            for loss in [getattr(paths[head], _OBJECTNESS, None)]
            if isinstance(loss, nn.Module)
        }
        self.routes: Dict[str, Tuple[str, int]] = {}

    def _classifies(self, module: nn.Module) -> bool:
        weight = getattr(module, 'weight', None)
        # A softmax head has one more row, the background's. Another layer of
        # the head with as many outputs does no harm: its values are others.
        return isinstance(weight, Tensor) and weight.dim() > 1 and len(
            weight) in (self.num_classes, self.num_classes + 1)

    def no_rows(self) -> ClassifierOutputs:
        """What is observed where no loss was called."""
        weights = [cast(Tensor, layer.weight)
                   for layers in self.layers.values() for layer in layers]
        # Of heads with anchors no layer has one output a class.
        outputs, inputs = weights[-1].shape[:2] if weights else (
            self.num_classes, 0)
        none = next(self.model.parameters()).new_zeros(0, dtype=torch.float)
        return ClassifierOutputs(
            none.new_zeros(0, inputs), none.new_zeros(0, outputs),
            none.long(), none, none)

    def labelled(self, loss: nn.Module,
                 args: Tuple[Any, ...]) -> Optional['LabelledLogits']:
        """Logits and labels of a call of a loss.

        Args:
            loss: The loss.
            args: Its positional arguments.

        Returns:
            None where the loss judges something else: an RPN, which tells
            one class from none, a mask, or the soft labels of Mixup.
        """
        if len(args) < 2:
            return None
        logits, labels = args[0], args[1]
        if isinstance(labels, (tuple, list)):  # With a quality, as RTMDet's.
            labels = labels[0]
        of_image = any(loss is other for other in self._image_losses)
        if is_sigmoid(loss) and labels.is_floating_point() and (
                labels.shape == logits.shape) and not of_image:
            labels = _hot_columns(labels)
        rows_or_maps = (logits.dim(), labels.dim()) in ((2, 1), (4, 3))
        widths = (self.num_classes, self.num_classes + 1)
        if not rows_or_maps or logits.shape[1] not in widths or (
                labels.is_floating_point()):
            return None
        return LabelledLogits(logits, labels)


def _hot_columns(targets: Tensor) -> Tensor:
    """The one column of each row that is not zero, -1 for more or none.

    As YOLOX has it, whose targets are a box's IoU at its class.
    """
    hot = targets > 0
    return torch.where(hot.sum(-1) == 1, hot.long().argmax(-1), -1)


class LabelledLogits(NamedTuple):
    """What a classification loss compares.

    Attributes:
        logits: Shape (M, C), or (B, C, H, W).
        labels: Integers of shape (M,), or (B, H, W).
    """

    logits: Tensor
    labels: Tensor


class LossCall(NamedTuple):
    """One call of a loss.

    Attributes:
        head: The path of its head.
        logits: What it got, as :class:`LabelledLogits`.
        labels: The same.
        loss: What it returned.
        sigmoid: Whether each class has a probability of its own.
        objectness: Logits of there being an object, shape (M, 1), where the
            head says so by an output of its own.
    """

    head: str
    logits: Tensor
    labels: Tensor
    loss: Any
    sigmoid: bool
    objectness: Optional[Tensor] = None


class LayerCall(NamedTuple):
    """One call of a layer with one output a class, channels last."""

    layer: nn.Module
    feature: Tensor
    output: Tensor


def is_sigmoid(loss: nn.Module) -> bool:
    """Whether a loss gives each class a probability of its own."""
    return bool(getattr(loss, 'use_sigmoid', False))
