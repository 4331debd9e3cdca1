"""The base model's weights, found again below what phases have added."""
from typing import Dict, Mapping

import torch
from torch import Tensor, nn

from mmswap.models.adapters.history import AdapterHistory, unfold
from mmswap.models.adapters.lora import is_lora_key
from mmswap.models.checkpoints import stock_key
from mmswap.models.classes.rows import ClassRows


@torch.no_grad()
def undo_adapter(model: nn.Module, history: AdapterHistory,
                 name: str) -> None:
    """Take a folded adapter out of the weights and the history, in place.

    Args:
        model: The wrapped model.
        history: Its folded adapters.
        name: One of ``history.names``.

    Raises:
        KeyError: If there is no such adapter.
    """
    weights = {
        stock_key(key): value for key, value in model.state_dict().items()
    }
    for layer, folded in history.drop(name).items():
        unfold(weights[f'{layer}.weight'], folded)


def base_state_dict(model: nn.Module, class_rows: Mapping[str, ClassRows],
                    history: AdapterHistory) -> Dict[str, Tensor]:
    """A model's state dict without LoRA, new rows and folded adapters.

    Args:
        model: The wrapped model.
        class_rows: The class tensors by stock key.
        history: The folded adapters, which are taken out of copies.
    """
    state = {}
    for key, tensor in model.state_dict().items():
        if not is_lora_key(key):
            rows = class_rows.get(stock_key(key))
            state[stock_key(key)] = rows.shrink(tensor) if rows else tensor
    for name in reversed(history.names):
        for layer, folded in history.layers(name).items():
            state[f'{layer}.weight'] = state[f'{layer}.weight'].clone()
            unfold(state[f'{layer}.weight'], folded)
    return state
