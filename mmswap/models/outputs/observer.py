"""What a model's classifier sees and says while its loss is computed.

Prototypes and distillation need, of every classified object, the feature in
front of the classifier, the logits behind it and the label. Every head of
mmdet, mmseg and mmpretrain has these three, and each shapes and slices them in
its own way. So two places are watched that all have in common: the loss module
that takes logits with labels, and, in the head that owns it, the layers with
one output a class. A row of logits is then found again, by its values, among
the outputs of those layers. A map of logits is one of those outputs, enlarged;
of it, the mean over the pixels of each class in each image is an object.

Only the outputs that a model predicts with count: the matched queries of the
last decoder layer, not those of earlier ones, of denoising queries or of the
encoder's proposals, no auxiliary heads, and of a cascade the last head. The
features of different layers differ in distribution, and a mean over them is
no class's prototype. The names of the losses tell which these are.
"""
import re
from functools import partial
from typing import Any, Dict, List, NamedTuple, Tuple, cast

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from mmswap.models.outputs.row_matching import (
    are_enlarged,
    class_nll,
    comparable,
    differ_by_margin,
    find_rows,
    is_auxiliary,
    last_heads,
    no_object_nll,
    pool_by_class,
)

# What the heads call the loss that compares logits with labels, or a list of
# such losses.
_LOSS = re.compile(r'(?:(.*)\.)?(?:loss_module|loss_cls|loss_decode)(\.\d+)?$')


class ClassifierOutputs(NamedTuple):
    """The classified objects of a batch, M of them.

    Attributes:
        features: What the classifier got, shape (M, D).
        logits: What it said, shape (M, C): one a class, and perhaps one more
            of no class. With gradient, as the features.
        labels: Class table labels, int64 of shape (M,).
        class_nll: Minus the log of the probability of the label, in nats,
            float32 of shape (M,); by the logits that the loss gets, with
            ArcFace's margin and scale in them. With gradient.
        no_object_nll: Minus the log of the probability of no class, the same
            way; NaN where the classifier always names one.
    """

    features: Tensor
    logits: Tensor
    labels: Tensor
    class_nll: Tensor
    no_object_nll: Tensor


class _Judged(NamedTuple):
    """One call of a loss: its head, what it got and what it said."""

    head: str
    logits: Tensor
    labels: Tensor
    loss: Any
    sigmoid: bool


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
        self._model = model
        paths = dict(model.named_modules())
        losses = {path: _LOSS.match(path) for path in paths}
        owners = {path: m[1] or '' for path, m in losses.items() if m}
        self._losses = {
            head: [paths[path] for path in owners if owners[path] == head]
            for head in last_heads(sorted(set(owners.values())))
        }
        self._layers = {
            head: [m for m in paths[head].modules() if self._classifies(m)]
            for head in self._losses
        }
        self._said: Dict[str, List[Tuple[Tensor, Tensor]]] = {}
        self._judged: List[_Judged] = []
        self._auxiliary: List[Tensor] = []
        self._handles: List[RemovableHandle] = []

    def _classifies(self, module: nn.Module) -> bool:
        weight = getattr(module, 'weight', None)
        # One more row in a softmax head, that of no class. Another layer of
        # the head with as many outputs does no harm: its values are others.
        return isinstance(weight, Tensor) and weight.dim() > 1 and len(
            weight) in (self.num_classes, self.num_classes + 1)

    def __enter__(self) -> 'Observer':
        self._said = {head: [] for head in self._losses}
        self._judged, self._auxiliary = [], []
        for head, losses in self._losses.items():
            hear, judge = partial(self._hear, head), partial(self._judge, head)
            for layer in self._layers[head]:
                self._handles.append(layer.register_forward_hook(hear))
            for loss in losses:
                self._handles.append(loss.register_forward_hook(judge))
        self._handles.append(
            self._model.register_forward_hook(self._read_names))
        return self

    def __exit__(self, *error: Any) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _hear(self, head: str, layer: nn.Module, inputs: Any,
              output: Tensor) -> None:
        """Hook of a layer: keep what went in and came out, channels last."""
        feature = inputs[0]
        if cast(Tensor, layer.weight).dim() > 2:  # A convolution.
            if feature.shape[2:] != output.shape[2:]:
                return
            feature, output = feature.movedim(1, -1), output.movedim(1, -1)
        self._said[head].append((feature, output))

    def _judge(self, head: str, loss: nn.Module, args: Any,
               value: Any) -> None:
        """Hook of a loss: keep the logits, the labels and what it says."""
        if len(args) < 2:
            return
        logits, labels = args[0], args[1]
        if isinstance(labels, (tuple, list)):  # With a quality, as RTMDet's.
            labels = labels[0]
        # Rows or maps; an RPN, which tells one class from none, is neither.
        shapes = (logits.dim(), labels.dim()) in ((2, 1), (4, 3))
        widths = (self.num_classes, self.num_classes + 1)
        if not shapes or logits.shape[1] not in widths or (
                labels.is_floating_point()):
            return
        # Several losses may judge the same logits.
        if not self._judged or self._judged[-1].logits is not logits:
            sigmoid = bool(getattr(loss, 'use_sigmoid', False))
            self._judged.append(_Judged(head, logits, labels, value, sigmoid))

    def _read_names(self, model: nn.Module, inputs: Any, losses: Any) -> None:
        """Hook of the model: find the losses of auxiliary outputs."""
        del model, inputs
        for key, value in losses.items() if isinstance(losses, dict) else ():
            if is_auxiliary(key):
                self._auxiliary += value if isinstance(value, list) else [
                    value]

    def take(self) -> ClassifierOutputs:
        """What was seen.

        Raises:
            RuntimeError: If the model's classifier or its loss is of a kind
                that cannot be watched.
        """
        judged = [
            call for call in self._judged
            if not any(call.loss is other for other in self._auxiliary)
        ]
        if not judged:
            raise RuntimeError(
                'model must have a classifier with one output a class whose '
                'logits reach a loss with integer labels (not the soft ones '
                f'of Mixup or CutMix); none was seen in {list(self._losses)}')
        parts = [
            self._objects(call) if call.logits.dim() == 2 else
            self._regions(call) for call in judged
        ]
        return ClassifierOutputs(*map(torch.cat, zip(*parts)))

    def _objects(self, call: _Judged) -> ClassifierOutputs:
        """The rows of a call of a loss that are of a class."""
        objects = (call.labels >= 0) & (call.labels < self.num_classes)
        logits, labels = call.logits[objects], call.labels[objects]
        nats = class_nll(logits, call.sigmoid).gather(1, labels[:, None])[:, 0]
        nothing = no_object_nll(logits, call.sigmoid, self.num_classes)
        left = torch.arange(len(logits), device=logits.device)
        parts, order = [], []
        # What a model predicts with is what it says last.
        for feature, output in reversed(self._said[call.head]):
            if output.shape[-1] != logits.shape[1]:
                continue
            feature, output = feature.flatten(0, -2), output.flatten(0, -2)
            if output.shape == call.logits.shape and torch.equal(
                    comparable(output), comparable(call.logits)):
                # Of rows that are alike each has its own feature.
                places = objects.nonzero()[left, 0]
            else:
                places = find_rows(logits[left], output)
            parts.append(feature[places[places >= 0]])
            order.append(left[places >= 0])
            left = left[places < 0]
            if not len(left):
                features = torch.cat(parts)[torch.cat(order).argsort()]
                break
        else:
            features, logits = self._by_place(call, objects)
        return ClassifierOutputs(features, logits, labels, nats, nothing)

    def _by_place(self, call: _Judged,
                  objects: Tensor) -> Tuple[Tensor, Tensor]:
        """Features and logits in a head that changes these before the loss.

        ArcFace takes a margin off the label's logit and scales all. What
        counts is what the classifier said before.
        """
        labels = call.labels[objects]
        for feature, output in self._said[call.head]:
            if output.shape == call.logits.shape and differ_by_margin(
                    call.logits[objects], output[objects], labels):
                return feature[objects], output[objects]
        raise _computed_further()

    def _regions(self, call: _Judged) -> ClassifierOutputs:
        """The classes in the maps of a call of a loss."""
        for feature, output in reversed(self._said[call.head]):
            if output.dim() == 4 and are_enlarged(call.logits, output):
                maps = feature, output, class_nll(output, call.sigmoid)
                (features, logits, nats), labels = pool_by_class(
                    maps, call.labels, self.num_classes)
                nats = nats.gather(1, labels[:, None])[:, 0]
                # A pixel is always of a class.
                return ClassifierOutputs(features, logits, labels, nats,
                                torch.full_like(nats, float('nan')))
        raise _computed_further()


def _computed_further() -> RuntimeError:
    return RuntimeError(
        'the logits that reach the classification loss must be outputs of a '
        'layer of the head that owns the loss; they are computed further')
