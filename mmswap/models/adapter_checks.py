"""An adapter's files say only what :func:`~mmswap.save_adapter` writes.

peft does whatever ``adapter_config.json`` tells it: start from a
decomposition that changes the base model's weights, scale the update, match a
regular expression for hours, build matrices that fill the memory. So of the
file four settings are taken, and all others must be as if they were not
there.
"""
import json
import math
from pathlib import Path
from typing import Any, Callable, Dict, Mapping, NoReturn, Tuple

from peft import LoraConfig
from torch import Tensor, nn

from mmswap.models.adapters.lora import layer_pattern

# What releases of peft write that do not leave a setting empty.
_KNOWN = dict(
    peft_type='LORA', bias='none', init_lora_weights=True,
    megatron_core='megatron.core', qalora_group_size=16)
_DOWN, _UP = '.lora_A.weight', '.lora_B.weight'


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)


# The settings that are taken: whether a value is right, and what is.
_TAKEN: Dict[str, Tuple[Callable[[Any], bool], str]] = dict(
    r=(lambda value: type(value) is int and value > 0, 'a whole number'),
    lora_alpha=(lambda value: _is_number(value) and value > 0,
                'a number above 0'),
    lora_dropout=(lambda value: _is_number(value) and 0 <= value < 1,
                  'a number from 0 to below 1'),
    target_modules=(lambda value: isinstance(value, str), 'a text'))


def read_config(path: Path, prefix: str,
                tensors: Mapping[str, Tensor]) -> LoraConfig:
    """Read and check ``adapter_config.json``.

    Args:
        path: The file.
        prefix: What the keys of ``tensors`` begin with.
        tensors: The adapter's weights, whose layers and rank it must have.

    Raises:
        ValueError: If it is not what mmswap writes for these weights; the
            message names the key.
    """
    found = _settings(path)
    layers = _layers(path.parent, prefix, tensors)
    ranks = {rank for _, rank in layers.values()}
    if ranks != {found['r']}:
        _refuse(path, 'r', f'the rank of the weights, {sorted(ranks)}',
                found['r'])
    # A pattern of escaped names, which is all that is ever matched.
    if set(found['target_modules'].split('|')) != {
            layer_pattern([layer]) for layer in layers}:
        _refuse(path, 'target_modules', 'a pattern of the layers that the '
                f'weights are of, {layer_pattern(list(layers))[:200]!r}',
                found['target_modules'])
    return LoraConfig(**{key: found[key] for key in _TAKEN})


def read_json(path: Path) -> Dict[str, Any]:
    """Read a JSON object.

    Args:
        path: The file.

    Raises:
        ValueError: If it is none.
    """
    try:
        found = json.loads(path.read_text(encoding='utf-8'))
    except ValueError as error:
        raise ValueError(f'{path} must be JSON, got {error}') from error
    if not isinstance(found, dict):
        raise ValueError(f'{path} must be a JSON object, got '
                         f'{type(found).__name__}')
    return found


def check_dropped(path: Path, dropped: Any) -> None:
    """Refuse ``dropped_layers`` that are no names.

    Args:
        path: The file that has them, for the message.
        dropped: What is there.

    Raises:
        ValueError: If they are anything else.
    """
    if not isinstance(dropped, list) or not all(
            isinstance(layer, str) for layer in dropped):
        _refuse(path, 'dropped_layers', 'a list of names', dropped)


def check_sizes(model: nn.Module, prefix: str, tensors: Mapping[str, Tensor],
                folder: Path) -> None:
    """Compare an adapter's weights with the layers that they are for.

    Before there is an adapter: peft builds its matrices by ``r`` and by the
    sizes of the layers.

    Args:
        model: The model that gets the adapter.
        prefix: What the keys of ``tensors`` begin with.
        tensors: The adapter's weights.
        folder: That of the files, for the message.

    Raises:
        ValueError: If a layer is not there or has other sizes.
    """
    weights = dict(model.named_parameters(remove_duplicate=False))
    for layer, (sizes, _) in _layers(folder, prefix, tensors).items():
        weight = weights.get(f'{layer}.weight')
        if weight is None:
            weight = weights.get(f'{layer}.base_layer.weight')
        own = None if weight is None else (
            weight.shape[0], weight[:1].numel())
        if own != sizes:
            raise ValueError(
                f'the adapter in {folder} must fit the model, got sizes '
                f'{sizes} for {layer}, of which the model has {own}')


def _settings(path: Path) -> Dict[str, Any]:
    """``adapter_config.json``, each setting of which is one to take or none.
    """
    found = read_json(path)
    for key, value in found.items():
        if key in _TAKEN:
            is_right, rule = _TAKEN[key]
            if not is_right(value):
                _refuse(path, key, rule, value)
        elif key != 'peft_version' and not _says_nothing(key, value):
            _refuse(path, key, repr(_KNOWN[key]) if key in _KNOWN else
                    'left out: mmswap writes no such setting', value)
    for key in _TAKEN:
        if key not in found:
            _refuse(path, key, 'there', None)
    return found


def _says_nothing(key: str, value: Any) -> bool:
    """Whether a setting is as if it was not there."""
    if key in _KNOWN:
        return type(value) is type(_KNOWN[key]) and value == _KNOWN[key]
    return value in (None, {}, []) or value is False


def _refuse(path: Path, key: str, rule: str, value: Any) -> NoReturn:
    raise ValueError(f'{key} of {path} must be {rule}, got '
                     f'{repr(value)[:200]}')


def _layers(folder: Path, prefix: str, tensors: Mapping[str, Tensor]
            ) -> Dict[str, Tuple[Tuple[int, int], int]]:
    """Outputs, inputs and rank of each layer, by its path."""
    found = {}
    for key, down in tensors.items():
        if not (key.startswith(prefix) and key.endswith((_DOWN, _UP))
                and down.is_floating_point() and down.dim() >= 2):
            raise ValueError(
                f'the adapter in {folder} must have matrices of floats called '
                f'{prefix}*{_DOWN} and *{_UP}, got {key} of '
                f'{tuple(down.shape)}, {down.dtype}')
        if key.endswith(_UP):
            continue
        layer = key[len(prefix):-len(_DOWN)]
        up = tensors.get(f'{prefix}{layer}{_UP}')
        if up is None or up.flatten(1).shape[1] != len(down):
            raise ValueError(
                f'the adapter in {folder} must have A and B of one rank, got '
                f'{tuple(down.shape)} and '
                f'{None if up is None else tuple(up.shape)} for {layer}')
        found[layer] = ((len(up), down[:1].numel()), len(down))
    if 2 * len(found) != len(tensors):
        raise ValueError(f'the adapter in {folder} must have A and B of each '
                         f'layer, got {len(tensors)} for {len(found)} layers')
    return found
