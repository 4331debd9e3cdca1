"""How an adapter begins."""
import math
from typing import List

from mmengine import dist
from mmengine.logging import print_log
from torch import nn

from mmswap.models.adapters.groups import (
    groups_of_layers,
    lora_layers,
    lora_weights,
    zero_layers,
)


def reset_adapter(model: nn.Module, name: str = 'default') -> None:
    """Make the adapter fresh again: A drawn anew, B zero."""
    for _, layer in lora_layers(model):
        if name in layer.lora_A:
            down, up = lora_weights(layer, name)
            _draw(down)
            nn.init.zeros_(up)


def freeze_a(model: nn.Module, name: str = 'default') -> None:
    """Leave A of an adapter as it is drawn, so that B alone trains."""
    for _, layer in lora_layers(model):
        if name in layer.lora_A:
            lora_weights(layer, name)[0].requires_grad_(False)


def redraw_dead_groups(model: nn.Module, name: str = 'default') -> List[str]:
    """Draw A anew where A and B are both zero, in place.

    With group sparsity a group may end a phase at zero. The gradient of A is
    then zero because B is, and that of B because A is: the group would never
    train again. B stays zero, so no output changes. All ranks draw the same.

    Args:
        model: A model with LoRA layers.
        name: The adapter.

    Returns:
        The groups, as :func:`group_params` names them, that were dead in one
        layer or more; empty where none was.
    """
    dead = zero_layers(model, name)
    for path, layer in lora_layers(model):
        if path in dead:
            down, _ = lora_weights(layer, name)
            _draw(down)
            dist.broadcast(down.data)
    groups = groups_of_layers(model, dead)
    if groups:
        print_log(
            f'mmswap: {len(groups)} groups were zero throughout in a layer, '
            'where nothing would train again; A drawn anew in '
            f'{", ".join(groups)}', 'current')
    return groups


def _draw(down: nn.Parameter) -> None:
    nn.init.kaiming_uniform_(down, a=math.sqrt(50))
