"""The logits, features and labels of the objects that a model classifies.

Prototypes and distillation need, of every classified object, the feature in
front of the classifier, the logits behind it and the label. Every head of
mmdet, mmseg and mmpretrain has these three, and each shapes and slices them in
its own way. So two places are watched that all have in common: the loss module
that takes logits with labels, and, in the head that owns it, the layers with
one output a class. The rows of logits are those of a layer's output if they
share its memory; if a head has stacked, sliced or concatenated outputs, a row
is found again by its values. A map of logits is such an output, enlarged; of
it, the mean over the pixels of each class in each image is an object.

Only the outputs that a model predicts with count: the matched queries of the
last decoder layer, not those of earlier ones, of denoising queries or of the
encoder's proposals, no auxiliary heads, and of a cascade the last head. The
features of different layers differ in distribution, and a mean over them is
no class's prototype. The names of the losses tell which these are.

No step waits for the GPU, but for those up to the first that has objects,
which check that the features are found.
"""
from functools import partial
from typing import Any, Dict, List, Optional, cast

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from mmswap.models.outputs.classifier_outputs import ClassifierOutputs
from mmswap.models.outputs.likelihood import class_nll, no_object_nll
from mmswap.models.outputs.observer_plan import (
    LabelledLogits,
    LayerCall,
    LossCall,
    ObserverPlan,
    is_sigmoid,
)
from mmswap.models.outputs.row_features import computed_further, row_features
from mmswap.models.outputs.row_matching import (
    are_enlarged,
    is_auxiliary,
    match_rows,
    pool_by_class,
)


class Observer:
    """Watches a model's classifiers during one forward pass.

    As a context manager::

        plan = ObserverPlan(model, num_classes=10)  # Once.
        with Observer(plan) as observer:
            losses = model(**batch, mode='loss')
        outputs = observer.take()

    Args:
        plan: Of the model.
        features: Whether the features of rows are needed. Without them, what
            the loss gets is enough, also of heads whose logits are reshaped
            on the way, as those with anchors do.
    """

    def __init__(self, plan: ObserverPlan, features: bool = True) -> None:
        self._plan = plan
        self._needs_features = features
        self._layer_calls: Dict[str, List[LayerCall]] = {}
        self._calls: List[LossCall] = []
        self._objectness: Dict[str, LabelledLogits] = {}
        self._auxiliary: List[Tensor] = []
        self._judged_else = False
        self._handles: List[RemovableHandle] = []

    def __enter__(self) -> 'Observer':
        plan = self._plan
        self._layer_calls = {head: [] for head in plan.losses}
        self._calls, self._auxiliary, self._judged_else = [], [], False
        self._objectness = {}
        for head, losses in plan.losses.items():
            of_layer = partial(self._after_layer, head)
            of_loss = partial(self._after_loss, head)
            for layer in plan.layers[head]:
                self._handles.append(layer.register_forward_hook(of_layer))
            for loss in losses:
                self._handles.append(loss.register_forward_hook(of_loss))
        for head, loss in plan.objectness.items():
            of_objectness = partial(self._after_objectness, head)
            self._handles.append(loss.register_forward_hook(of_objectness))
        self._handles.append(
            plan.model.register_forward_hook(self._after_model))
        return self

    def __exit__(self, *error: Any) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _after_layer(self, head: str, layer: nn.Module, inputs: Any,
                     output: Tensor) -> None:
        """Hook of a layer: keep its input and output, channels last."""
        feature = inputs[0]
        if cast(Tensor, layer.weight).dim() > 2:  # A convolution.
            if feature.shape[2:] != output.shape[2:]:
                return
            feature, output = feature.movedim(1, -1), output.movedim(1, -1)
        self._layer_calls[head].append(LayerCall(layer, feature, output))

    def _after_loss(self, head: str, loss: nn.Module, args: Any,
                    value: Any) -> None:
        """Hook of a loss: keep the logits, the labels and its value."""
        pair = self._plan.labelled(loss, args)
        self._judged_else |= pair is None
        # Several losses may judge the same logits.
        if pair is not None and not (
                self._calls and self._calls[-1].logits is pair.logits):
            self._calls.append(
                LossCall(head, *pair, value, is_sigmoid(loss),
                         self._objectness_of(head, len(pair.logits))))

    def _after_objectness(self, head: str, loss: nn.Module, args: Any,
                          value: Any) -> None:
        """Hook of a loss of objectness: keep its logits and targets."""
        del loss, value
        self._objectness[head] = LabelledLogits(*args[:2])

    def _objectness_of(self, head: str, count: int) -> Optional[Tensor]:
        """Of the places that are classified, which come in their order."""
        seen = self._objectness.get(head)
        if seen is None:
            return None
        places = seen.labels.flatten().argsort(descending=True, stable=True)
        return seen.logits.flatten(0, -2)[places[:count]]

    def _after_model(self, model: nn.Module, inputs: Any,
                     losses: Any) -> None:
        """Hook of the model: find the losses of auxiliary outputs."""
        del model, inputs
        for key, value in losses.items() if isinstance(losses, dict) else ():
            if is_auxiliary(key):
                self._auxiliary += value if isinstance(value, list) else [
                    value]

    def take(self) -> ClassifierOutputs:
        """The classified rows of the pass.

        There are none where a head calls no loss for want of objects, as
        YOLOX's does.

        Raises:
            RuntimeError: If the model's classifier or its loss is of a kind
                that cannot be watched.
        """
        calls = self._final_calls()
        if not calls:
            return self._plan.no_rows()
        parts = [
            self._rows(call) if call.logits.dim() == 2 else
            self._regions(call) for call in calls
        ]
        return ClassifierOutputs(*map(torch.cat, zip(*parts)))

    def classifier(self) -> nn.Module:
        """The layer whose outputs the model predicts with.

        Waits for the GPU.

        Raises:
            RuntimeError: As :meth:`take`.
        """
        calls = self._final_calls()
        if not calls:
            raise _none_seen(list(self._plan.losses))
        call = calls[-1]
        for layer, _, output in reversed(self._layer_calls[call.head]):
            if output.shape[-1] == call.logits.shape[1] and bool(
                    (match_rows(call.logits, [output]) >= 0).any()):
                return layer
        raise computed_further()

    def _final_calls(self) -> List[LossCall]:
        """The losses of outputs that the model predicts with."""
        calls = [
            call for call in self._calls
            if not any(call.loss is other for other in self._auxiliary)
        ]
        if not calls and (self._judged_else or not self._plan.losses):
            raise _none_seen(list(self._plan.losses))
        return calls

    def _rows(self, call: LossCall) -> ClassifierOutputs:
        """The rows of a call of a loss."""
        objects = (call.labels >= 0) & (
            call.labels < self._plan.num_classes)
        features, logits, found = (
            row_features(call, self._layer_calls[call.head], objects,
                         self._plan.routes) if self._needs_features else
            (call.logits[:, :0], call.logits, objects))
        labels = torch.where(objects & found, call.labels, -1).long()
        nll = class_nll(call.logits, call.sigmoid)
        return ClassifierOutputs(
            features, logits, labels,
            nll.gather(1, labels.clamp(min=0)[:, None])[:, 0],
            no_object_nll(call.logits, call.sigmoid, self._plan.num_classes,
                          call.objectness))

    def _regions(self, call: LossCall) -> ClassifierOutputs:
        """The classes in the maps of a call of a loss."""
        for _, feature, output in reversed(self._layer_calls[call.head]):
            if output.dim() != 4 or output.shape[-1] != call.logits.shape[1]:
                continue
            if call.head in self._plan.routes or are_enlarged(
                    call.logits, output):
                self._plan.routes[call.head] = ('map', 0)
                maps = feature, output, class_nll(output, call.sigmoid)
                (features, logits, nll), labels = pool_by_class(
                    maps, call.labels, self._plan.num_classes)
                nll = nll.gather(1, labels.clamp(min=0)[:, None])[:, 0]
                # A pixel is always of a class.
                return ClassifierOutputs(features, logits, labels, nll,
                                         torch.full_like(nll, float('nan')))
        raise computed_further()


def _none_seen(heads: List[str]) -> RuntimeError:
    return RuntimeError(
        'model must have a classifier with one output a class whose logits '
        'reach a loss with integer labels (not the soft ones of Mixup or '
        f'CutMix); none was seen in {heads}')
