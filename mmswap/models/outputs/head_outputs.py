"""What a head says of each place: of the classes, and of there being any."""
from typing import Any, List, NamedTuple, Sequence

import torch
from torch import Tensor


class HeadOutput(NamedTuple):
    """What a head says of some places.

    Attributes:
        logits: Of the classes, channels last, (..., C).
        presence: Logits of there being an object, (..., n), n of 0 or more.
        sigmoid: Whether each class has a probability of its own.
    """

    logits: Tensor
    presence: Tensor
    sigmoid: bool

    def probabilities(self) -> Tensor:
        """Of the classes, (..., C)."""
        logits = self.logits.float()
        found = logits.sigmoid() if self.sigmoid else logits.softmax(-1)
        return found * self.presence.float().sigmoid().prod(-1, True)


def flat_tensors(node: Any) -> List[Tensor]:
    """All tensors in nested lists, tuples and dicts, in order.

    Args:
        node: What a head gives.
    """
    if isinstance(node, Tensor):
        return [node]
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        return [tensor for child in node for tensor in flat_tensors(child)]
    return []


def head_outputs(tensors: Sequence[Tensor], num_classes: int, are_maps: bool,
                 sigmoid: bool) -> List[HeadOutput]:
    """Class logits, each with what else is said of their places.

    Args:
        tensors: What a head gives; those of another form are left out.
        num_classes: K + N.
        are_maps: Whether the classes are channels of maps, (B, C, H, W); else
            they are the last dimension.
        sigmoid: Whether each class has a probability of its own.
    """
    outputs = []
    widths = (num_classes, num_classes + 1)
    for tensor in tensors:
        if are_maps and tensor.dim() == 4 and tensor.shape[1] in widths:
            beside = [other.movedim(1, -1) for other in tensors
                      if other.dim() == 4 and other.shape[1] == 1
                      and other.shape[2:] == tensor.shape[2:]]
            logits = tensor.movedim(1, -1)
        elif not are_maps and tensor.dim() > 1 and (
                tensor.shape[-1] in widths):
            beside, logits = [], tensor
        else:
            continue
        presence = torch.cat(beside, -1) if beside else logits[..., :0]
        outputs.append(HeadOutput(logits, presence, sigmoid))
    return outputs
