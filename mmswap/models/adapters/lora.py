"""LoRA in a built model: put in, fold in, take out.

peft does the work; this module chooses the layers, names the groups and
hides that an OpenMMLab model is no ``PeftModel``.
"""
import math
import re
from contextlib import contextmanager
from typing import Dict, Iterator, List, Optional, Sequence

import torch
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn

from mmswap.models.adapters.auto_targets import adapter_layers
from mmswap.models.adapters.fresh import freeze_a, reset_adapter
from mmswap.models.adapters.groups import (
    group_params,
    layers_of_last_blocks,
    lora_layers,
)
from mmswap.models.adapters.low_rank import LowRankLinear
from mmswap.models.adapters.places import all_places, put
from mmswap.models.adapters.targets import Targets


def apply_adapter(model: nn.Module,
                  rank: int = 8,
                  alpha: int = 8,
                  targets: Targets = 'ffn',
                  name: str = 'default',
                  dropout: float = 0.,
                  last: float = 1.,
                  train_a: bool = True) -> Dict[str, List[nn.Parameter]]:
    """Put a LoRA adapter into ``model``, in place, and freeze the rest.

    A fresh adapter changes no output: B is zero. A is drawn as in both
    papers' code (Kaiming uniform with a = sqrt(50)).

    Args:
        model: Any built torch model.
        rank: Rank of the update (8 in both papers).
        alpha: The update is scaled by alpha / rank. The published code leaves
            alpha at 1; 8 makes the scale 1.
        targets: Which layers; see
            :func:`~mmswap.models.adapters.targets.target_layers`, and for
            ``'auto'``
            :func:`~mmswap.models.adapters.auto_targets.auto_targets`.
        name: Name of the adapter.
        dropout: Dropout on the input of A (0 in both papers).
        last: The share of the blocks with such layers that get LoRA, counted
            from the model's end. By default all (both papers). What stands in
            front of them needs no gradient (docs/performance.md).
        train_a: Whether A trains, as in both papers. If not (LoRA-FA, Zhang et
            al., 2023) the inputs of linear layers need not be kept for its
            gradient, and B alone is what is trained and what a group is.

    Returns:
        The groups: name to LoRA matrices.

    Raises:
        ValueError: If an argument is out of its range, ``targets`` is unknown
            or matches nothing, or the model has an adapter of that name.
    """
    is_whole = isinstance(rank, int) and not isinstance(rank, bool)
    if not is_whole or rank < 1 or not 0 < alpha < math.inf or not (
            0 <= dropout < 1):
        raise ValueError(
            'adapter must have a whole rank >= 1, alpha > 0 and 0 <= dropout '
            f'< 1, got rank={rank}, alpha={alpha}, dropout={dropout}')
    if isinstance(last, bool) or not 0 < last <= 1:
        raise ValueError('adapter.last must be a share above 0 and at most 1, '
                         f'got {last!r}')
    if not isinstance(train_a, bool):
        raise ValueError(f'adapter.train_a must be True or False, got '
                         f'{train_a!r}')
    if not name or '.' in name:
        raise ValueError('adapter.name must be a name without a dot, got '
                         f'{name!r}')
    if group_params(model, name):
        raise ValueError(f'adapter.name must be new to the model, which has '
                         f'an adapter {name!r} already')
    layers = layers_of_last_blocks(
        model, adapter_layers(model, targets), last)
    config = LoraConfig(
        r=rank,
        lora_alpha=alpha,
        lora_dropout=dropout,
        target_modules=layer_pattern(layers))
    insert_lora(model, config, name)
    reset_adapter(model, name)
    if not train_a:
        freeze_a(model, name)
    return group_params(model, name, trained=True)


def insert_lora(model: nn.Module, config: LoraConfig, name: str) -> None:
    """Put peft's LoRA layers into a model, in place, and freeze the rest.

    Those around linear layers train faster than peft's own; see
    :mod:`mmswap.models.adapters.low_rank`.

    Args:
        model: Any built torch model.
        config: What peft is to do.
        name: Name of the adapter.
    """
    places = all_places(model)
    # peft's documented way to layers of one's own, underscore or not.
    config._register_custom_module({nn.Linear: LowRankLinear})
    inject_adapter_in_model(config, model, adapter_name=name)
    for paths in places.values():
        # peft puts a layer that stands in several places into the first one.
        put(model, paths[1:], model.get_submodule(paths[0]))


def layer_pattern(layers: Sequence[str]) -> str:
    """peft's ``target_modules`` for exactly these layers.

    A pattern instead of a list of names: peft takes a list for suffixes.
    """
    return '|'.join(re.escape(layer) for layer in layers)


def merge_lora(model: nn.Module) -> nn.Module:
    """Fold every LoRA layer into its base layer and take it out, in place.

    Outputs change by rounding only, and inference costs what it cost before.

    Returns:
        ``model``.
    """
    return _take_out(model, fold=True)


def remove_lora(model: nn.Module) -> nn.Module:
    """Take every LoRA layer out without folding it in, in place.

    The base layers are what they were, bit for bit.

    Returns:
        ``model``.
    """
    return _take_out(model, fold=False)


@torch.no_grad()
def _take_out(model: nn.Module, fold: bool) -> nn.Module:
    places = all_places(model)
    for _, layer in list(lora_layers(model)):
        if fold:
            # safe_merge refuses an adapter that has become NaN or infinite.
            layer.merge(safe_merge=True)
        put(model, places[id(layer)], layer.get_base_layer())
    if hasattr(model, 'peft_config'):
        del model.peft_config
    return model


@contextmanager
def without_adapter(model: nn.Module) -> Iterator[None]:
    """Switch LoRA off for a while: the model is the base model meanwhile.

    Args:
        model: A model with LoRA layers.
    """
    layers = [layer for _, layer in lora_layers(model)]
    for layer in layers:
        layer.enable_adapters(False)
    try:
        yield
    finally:
        for layer in layers:
            layer.enable_adapters(True)


def adapter_config(model: nn.Module,
                   name: str = 'default') -> Optional[LoraConfig]:
    """peft's configuration of an adapter, None without that adapter."""
    return getattr(model, 'peft_config', {}).get(name)


def adapter_scaling(model: nn.Module, name: Optional[str]) -> float:
    """alpha / rank of an adapter; 0 without that adapter."""
    config = name and adapter_config(model, name)
    return config.lora_alpha / config.r if config else 0.


def is_lora_key(key: str) -> bool:
    """Whether a state dict key is a LoRA weight's."""
    return any(f'.{part}' in key for part in LoraLayer.adapter_layer_names)


def lora_state(model: nn.Module) -> Dict[str, Tensor]:
    """The LoRA weights of all adapters, by state dict key.

    Of a layer that stands in several places those of the first.
    """
    layers = {path for path, _ in lora_layers(model)}
    return {
        key: value for key, value in model.state_dict().items()
        if is_lora_key(key) and key.partition('.lora_')[0] in layers
    }
