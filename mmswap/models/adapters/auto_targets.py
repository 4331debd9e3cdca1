"""Which layers get LoRA where nobody says."""
from typing import List

from torch import nn

from mmswap.models.adapters.targets import matching_targets

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
