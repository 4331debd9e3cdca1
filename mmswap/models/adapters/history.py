"""Adapters of earlier phases: folded into the weights, kept to be undone.

A model that serves many requests has one live adapter and a history. When a
phase starts with an adapter of another name than the checkpoint's, that one
is folded into the weights, so that a step costs the same at every request,
and its matrices are kept in the checkpoint, so that it can be subtracted
again. Matrices that change nothing are not kept.
"""
from typing import Any, Dict, List, Mapping, NamedTuple

import torch
from torch import Tensor, nn

PREFIX = 'history.'


class Folded(NamedTuple):
    """LoRA of one layer, in the weights already.

    Attributes:
        down: A, shape (rank, in, ...), the kernel's dimensions behind.
        up: alpha / rank times B, shape (out, rank, ...).
    """

    down: Tensor
    up: Tensor

    def delta(self, weight: Tensor) -> Tensor:
        """What was added to a weight, in its shape and dtype."""
        product = self.up.flatten(1).double() @ self.down.flatten(1).double()
        return product.view_as(weight).to(weight)


class AdapterHistory(nn.Module):
    """The folded adapters of a model, in the order of their phases.

    It has no parameters and takes no part in any step; it is a module so that
    it travels in the state dict, below keys
    ``history.<adapter>.<layer>.lora_A``.
    """

    def __init__(self) -> None:
        super().__init__()
        self._adapters: Dict[str, Dict[str, Folded]] = {}

    @property
    def names(self) -> List[str]:
        """The adapters, the first phase's first."""
        return list(self._adapters)

    def layers(self, name: str) -> Dict[str, Folded]:
        """What an adapter changed, by the layer's stock path.

        Raises:
            KeyError: If there is no adapter of that name.
        """
        if name not in self._adapters:
            raise KeyError(f'the adapter must be one of {self.names}, got '
                           f'{name!r}')
        return self._adapters[name]

    def drop(self, name: str) -> Dict[str, Folded]:
        """Take an adapter out of the history and return it."""
        layers = self.layers(name)
        del self._adapters[name]
        return layers

    def _save_to_state_dict(self, destination: Dict[str, Any], prefix: str,
                            keep_vars: bool) -> None:
        del keep_vars  # Nothing here has a graph.
        for name, layers in self._adapters.items():
            for layer, folded in layers.items():
                key = f'{prefix}{name}.{layer}'
                destination[f'{key}.lora_A'] = folded.down
                destination[f'{key}.lora_B'] = folded.up

    def _load_from_state_dict(self, state_dict: Mapping[str, Tensor],
                              prefix: str, *args: Any) -> None:
        del args  # What is missing is known by its absence.
        self._adapters = {}
        for key in list(state_dict):
            if key.startswith(prefix) and key.endswith('.lora_A'):
                name, _, layer = key[len(prefix):-len('.lora_A')].partition(
                    '.')
                up = state_dict[f'{key[:-1]}B']
                self._adapters.setdefault(name, {})[layer] = Folded(
                    state_dict[key].detach().cpu(), up.detach().cpu())


def fold_adapter(state: Dict[str, Tensor], name: str, scaling: float,
                 inner: str) -> None:
    """Fold an adapter of a checkpoint into its weights, in place.

    Args:
        state: The checkpoint's tensors. The LoRA keys of ``name`` go, and
            what they changed comes below ``history.``.
        name: The adapter.
        scaling: alpha / rank of it.
        inner: Prefix of the wrapped model's keys.
    """
    mark = f'.lora_A.{name}.weight'
    for key in [key for key in state
                if key.startswith(inner) and key.endswith(mark)]:
        layer = key[:-len(mark)]
        down = state.pop(key)
        up = scaling * state.pop(f'{layer}.lora_B.{name}.weight')
        if not (down.any() and up.any()):
            continue
        folded = Folded(down, up)
        weight = state[f'{layer}.base_layer.weight']
        state[f'{layer}.base_layer.weight'] = weight + folded.delta(weight)
        kept = f'{PREFIX}{name}.{layer[len(inner):]}'
        state[f'{kept}.lora_A'], state[f'{kept}.lora_B'] = folded


@torch.no_grad()
def unfold(weight: Tensor, folded: Folded) -> None:
    """Take a folded adapter out of a weight again, in place.

    Up to rounding: what was added is subtracted.
    """
    weight.sub_(folded.delta(weight))
