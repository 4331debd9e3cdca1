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
from typing import Any, Dict, List, Tuple, cast

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from mmswap.models.outputs.classifier_outputs import ClassifierOutputs
from mmswap.models.outputs.likelihood import class_nll, no_object_nll
from mmswap.models.outputs.observer_plan import (
    LayerCall,
    LossCall,
    ObserverPlan,
    is_sigmoid,
)
from mmswap.models.outputs.row_matching import (
    are_enlarged,
    differ_by_margin,
    is_auxiliary,
    match_rows,
    pool_by_class,
    share_memory,
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
        self._auxiliary: List[Tensor] = []
        self._handles: List[RemovableHandle] = []

    def __enter__(self) -> 'Observer':
        plan = self._plan
        self._layer_calls = {head: [] for head in plan.losses}
        self._calls, self._auxiliary = [], []
        for head, losses in plan.losses.items():
            of_layer = partial(self._after_layer, head)
            of_loss = partial(self._after_loss, head)
            for layer in plan.layers[head]:
                self._handles.append(layer.register_forward_hook(of_layer))
            for loss in losses:
                self._handles.append(loss.register_forward_hook(of_loss))
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
        # Several losses may judge the same logits.
        if pair is not None and not (
                self._calls and self._calls[-1].logits is pair.logits):
            self._calls.append(
                LossCall(head, *pair, value, is_sigmoid(loss)))

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

        Raises:
            RuntimeError: If the model's classifier or its loss is of a kind
                that cannot be watched.
        """
        parts = [
            self._rows(call) if call.logits.dim() == 2 else
            self._regions(call) for call in self._final_calls()
        ]
        return ClassifierOutputs(*map(torch.cat, zip(*parts)))

    def classifier(self) -> nn.Module:
        """The layer whose outputs the model predicts with.

        Waits for the GPU.

        Raises:
            RuntimeError: As :meth:`take`.
        """
        call = self._final_calls()[-1]
        for layer, _, output in reversed(self._layer_calls[call.head]):
            if output.shape[-1] == call.logits.shape[1] and bool(
                    (match_rows(call.logits, [output]) >= 0).any()):
                return layer
        raise _computed_further()

    def _final_calls(self) -> List[LossCall]:
        """The losses of outputs that the model predicts with."""
        calls = [
            call for call in self._calls
            if not any(call.loss is other for other in self._auxiliary)
        ]
        if not calls:
            raise RuntimeError(
                'model must have a classifier with one output a class whose '
                'logits reach a loss with integer labels (not the soft ones '
                'of Mixup or CutMix); none was seen in '
                f'{list(self._plan.losses)}')
        return calls

    def _rows(self, call: LossCall) -> ClassifierOutputs:
        """The rows of a call of a loss."""
        objects = (call.labels >= 0) & (
            call.labels < self._plan.num_classes)
        features, logits, found = (
            self._features(call, objects) if self._needs_features else
            (call.logits[:, :0], call.logits, objects))
        labels = torch.where(objects & found, call.labels, -1).long()
        nll = class_nll(call.logits, call.sigmoid)
        return ClassifierOutputs(
            features, logits, labels,
            nll.gather(1, labels.clamp(min=0)[:, None])[:, 0],
            no_object_nll(call.logits, call.sigmoid, self._plan.num_classes))

    def _features(self, call: LossCall,
                  objects: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
        """Features, logits, and whether they were found, of each row."""
        width = call.logits.shape[1]
        calls = [each for each in self._layer_calls[call.head]
                 if each.output.shape[-1] == width]
        for each in calls:
            if share_memory(each.output, call.logits):
                return (each.feature.flatten(0, -2), call.logits,
                        torch.ones_like(objects))
        routes = self._plan.routes
        route = routes.get(call.head)
        # The last layer's first; features of one width at a time.
        sizes = dict.fromkeys(each.feature.shape[-1] for each in calls[::-1])
        if route is None:
            known = bool(objects.any())
            for size in sizes:
                result = _found_rows(call, calls, size)
                if not bool((objects & ~result[2]).any()):
                    if known:
                        routes[call.head] = ('rows', size)
                    return result
            result = _by_place(call, calls, objects)
            routes[call.head] = ('place', 0)
            return result
        if route[0] == 'rows' and route[1] in sizes:
            return _found_rows(call, calls, route[1])
        return _by_place(call, calls, objects)

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
        raise _computed_further()


def _found_rows(call: LossCall, calls: List[LayerCall],
                size: int) -> Tuple[Tensor, Tensor, Tensor]:
    """Find the rows by value among features of one size."""
    of_size = [each for each in calls if each.feature.shape[-1] == size]
    places = match_rows(call.logits, [each.output for each in of_size])
    features = torch.cat(
        [each.feature.flatten(0, -2) for each in of_size])
    return features[places.clamp(min=0)], call.logits, places >= 0


def _by_place(call: LossCall, calls: List[LayerCall],
              objects: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
    """Features and logits in a head that changes these before the loss.

    ArcFace takes a margin off the label's logit and scales all. What counts
    are the classifier's outputs before.
    """
    labels = call.labels[objects]
    for _, feature, output in calls:
        if output.shape == call.logits.shape and differ_by_margin(
                call.logits[objects], output[objects], labels):
            return feature, output, torch.ones_like(objects)
    raise _computed_further()


def _computed_further() -> RuntimeError:
    return RuntimeError(
        'the logits that reach the classification loss must be outputs of a '
        'layer of the head that owns the loss; they are computed further')
