"""LoRA in peft's own files, for any model."""
import copy
from pathlib import Path
from typing import Collection, Dict

import torch
from peft import get_peft_model_state_dict
from torch import Tensor, nn

from mmswap.models.adapter_checks import check_sizes, read_config
from mmswap.models.adapters.groups import lora_layers
from mmswap.models.adapters.lora import (
    adapter_config,
    insert_lora,
    layer_pattern,
    lora_state,
)
from mmswap.models.safetensors_files import read_tensors, save_safetensors

WEIGHTS = 'adapter_model.safetensors'
CONFIG = 'adapter_config.json'
# The prefix that peft's own files carry.
_PREFIX = 'base_model.model.'


def write_lora(model: nn.Module, folder: Path, name: str,
               dropped: Collection[str]) -> None:
    """Write an adapter's weights and configuration.

    Args:
        model: A model with LoRA layers.
        folder: An existing one.
        name: The adapter.
        dropped: Paths of the layers to leave out.

    Raises:
        ValueError: If the model has no adapter of that name.
    """
    config = adapter_config(model, name)
    if config is None:
        raise ValueError('adapter.name must be one of the model, got '
                         f'{name!r}')
    weights = get_peft_model_state_dict(
        model,
        state_dict={
            key: value
            for key, value in lora_state(model).items()
            if key.partition('.lora_')[0] not in dropped
        },
        adapter_name=name,
        save_embedding_layers=False)
    folder.mkdir(parents=True, exist_ok=True)
    save_safetensors(
        {_PREFIX + key: value for key, value in weights.items()},
        folder / WEIGHTS)
    config = copy.copy(config)
    config.target_modules = layer_pattern([
        path for path, layer in lora_layers(model)
        if name in layer.lora_A and path not in dropped
    ])
    config.save_pretrained(str(folder))


@torch.no_grad()
def read_lora(model: nn.Module, folder: Path, name: str,
              dropped: Collection[str]) -> None:
    """Undo :func:`write_lora`, in place.

    Args:
        model: Without LoRA layers it gets them.
        folder: That of the files.
        name: The adapter's name in ``model``.
        dropped: Paths of the layers that were left out, and become zero.

    Raises:
        ValueError: If the layers, the rank or alpha are not the model's, or
            the files say what :func:`write_lora` does not write.
    """
    tensors = read_tensors(folder / WEIGHTS)
    config = read_config(folder / CONFIG, _PREFIX, tensors)
    live = adapter_config(model, name)
    if live is None:
        check_sizes(model, _PREFIX, tensors, folder)
        insert_lora(model, config, name)
    elif (live.r, live.lora_alpha) != (config.r, config.lora_alpha):
        # The same matrices at another scale are another update.
        raise ValueError(
            f'adapter.rank and adapter.alpha must be {config.r} and '
            f'{config.lora_alpha}, those of the adapter in {folder}, got '
            f'{live.r} and {live.lora_alpha}')
    own = {
        key.replace(f'.{name}.', '.'): value
        for key, value in lora_state(model).items() if f'.{name}.' in key
    }
    saved = {key[len(_PREFIX):]: value for key, value in tensors.items()}
    # Layers that were zero are not in the file, and need not be in the model.
    zero = {key for key in own if key.partition('.lora_')[0] in dropped}
    _check_shapes({k: own[k] for k in own if k not in zero}, saved, folder)
    for key in zero:
        own[key].zero_()
    for key, value in saved.items():
        own[key].copy_(value)


def _check_shapes(own: Dict[str, Tensor], saved: Dict[str, Tensor],
                  folder: Path) -> None:
    shapes = [{(key, tuple(value.shape)) for key, value in state.items()}
              for state in (own, saved)]
    odd = sorted({key for key, _ in shapes[0] ^ shapes[1]})
    if odd:
        raise ValueError(f'the adapter in {folder} must fit the model; layers '
                         f'that differ: {odd[:5]}, {len(odd)} in all')
