"""Which layers get LoRA where nobody says."""
from typing import List

from torch import nn

from mmswap.models.adapters.targets import (
    Targets,
    matching_targets,
    target_layers,
)

AUTO = 'auto'


def auto_targets(model: nn.Module) -> List[str]:
    """The targets of a model whose config names none.

    The feed-forward layers of transformers, as in both papers; without any,
    the convolutions of residual blocks. And, where a model has them, the
    layers in front of its predictions, the towers of dense heads and the
    fully connected layers of RoI heads: with LoRA in the backbone alone a
    class is forgotten at the cost of the others (docs/digits.md).

    Args:
        model: Any model.

    Returns:
        Names for :func:`~mmswap.models.adapters.targets.target_layers`. Where
        the model has none of these layers ``['attention']``, and an empty
        list if it has no layer that goes by a name.
    """
    found = matching_targets(model)
    blocks = [name for name in found if name in ('ffn', 'conv')][:1]
    heads = [name for name in found if name in ('tower', 'fc')]
    return blocks + heads or found


def adapter_layers(model: nn.Module, targets: Targets) -> List[str]:
    """Paths of the layers that get LoRA, in the model's order.

    Args:
        model: Any model.
        targets: ``'auto'``, or as of
            :func:`~mmswap.models.adapters.targets.target_layers`.

    Raises:
        ValueError: As there.
    """
    if targets == AUTO:
        # Without any the default of the papers says what is missing.
        targets = auto_targets(model) or 'ffn'
    return target_layers(model, targets)
