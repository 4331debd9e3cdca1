"""The features of classified rows: what the layer before the loss got."""
from typing import Dict, List, Tuple

import torch
from torch import Tensor

from mmswap.models.outputs.observer_plan import LayerCall, LossCall
from mmswap.models.outputs.row_matching import (
    differ_by_margin,
    match_rows,
    share_memory,
)


def row_features(
        call: LossCall, layer_calls: List[LayerCall], objects: Tensor,
        routes: Dict[str, Tuple[str, int]]) -> Tuple[Tensor, Tensor, Tensor]:
    """Features, logits, and whether they were found, of each row.

    Args:
        call: Of the loss, with M rows.
        layer_calls: Of the layers of its head.
        objects: Which rows are objects, bool of shape (M,).
        routes: How they were found before, by head; what is found out is
            added. Finding it out waits for the GPU.

    Returns:
        Shapes (M, D), (M, C) and (M,).

    Raises:
        RuntimeError: If the logits are no outputs of such a layer.
    """
    width = call.logits.shape[1]
    calls = [each for each in layer_calls
             if each.output.shape[-1] == width]
    for each in calls:
        if share_memory(each.output, call.logits):
            return (each.feature.flatten(0, -2), call.logits,
                    torch.ones_like(objects))
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
    raise computed_further()


def computed_further() -> RuntimeError:
    """The error for logits that are computed from a layer's outputs."""
    return RuntimeError(
        'the logits that reach the classification loss must be outputs of a '
        'layer of the head that owns the loss; they are computed further')
