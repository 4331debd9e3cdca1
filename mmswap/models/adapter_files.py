"""The adapter as a folder of small files, and the API without a runner.

The files are peft's (``adapter_config.json``, ``adapter_model.safetensors``)
and mmswap's own: ``swap.json`` with the class table,
``class_rows.safetensors`` with the rows of the new classes, and
``prototypes.safetensors`` with the class prototypes of a phase that has them.
"""
import copy
import json
from pathlib import Path
from typing import Any, Dict, Optional, Set, Union

import torch
from peft import (
    LoraConfig,
    get_peft_model_state_dict,
    inject_adapter_in_model,
)
from safetensors.torch import load_file
from torch import Tensor, nn

from mmswap.class_table import ClassTable
from mmswap.models.adapters.groups import (
    group_norms,
    lora_layers,
    lora_weights,
)
from mmswap.models.adapters.lora import (
    adapter_config,
    is_lora_key,
    layer_pattern,
    merge_lora,
    remove_lora,
)
from mmswap.models.objectives.prototype import PrototypeObjective
from mmswap.models.safetensors_files import save_safetensors
from mmswap.models.swap_model import SwapModel

_WEIGHTS = 'adapter_model.safetensors'
_CONFIG = 'adapter_config.json'
_ROWS = 'class_rows.safetensors'
_PROTOTYPES = 'prototypes.safetensors'
_SWAP = 'swap.json'
# The prefix that peft's own files carry.
_PEFT_PREFIX = 'base_model.model.'


def _inner(model: nn.Module) -> nn.Module:
    return model.model if isinstance(model, SwapModel) else model


def merge_adapter(model: nn.Module) -> nn.Module:
    """Fold the LoRA layers into the model, in place.

    Args:
        model: A SwapModel or any model with LoRA layers.

    Returns:
        The plain model: of a SwapModel the wrapped one, with the stock
        model's keys and K + N classes.

    Raises:
        ValueError: If a merged weight is not finite.
    """
    return merge_lora(_inner(model))


def remove_adapter(model: nn.Module) -> nn.Module:
    """Take the LoRA layers out without folding them in, in place.

    Args:
        model: A SwapModel or any model with LoRA layers.

    Returns:
        The plain model. Rows of new classes stay; see
        :meth:`SwapModel.base_state_dict` for the base model's K classes.
    """
    return remove_lora(_inner(model))


def save_adapter(model: nn.Module,
                 folder: Union[str, Path],
                 name: str = 'default') -> Path:
    """Write all that was trained to a folder.

    Layers that group sparsity made zero are left out; ``swap.json`` lists
    them.

    Args:
        model: A SwapModel or any model with LoRA layers.
        folder: Made where it is missing; files in it are replaced.
        name: The adapter.

    Returns:
        The folder.

    Raises:
        ValueError: If the model has no adapter of that name.
    """
    inner = _inner(model)
    config = adapter_config(inner, name)
    if config is None:
        raise ValueError(f'adapter.name must be an adapter of the model, got '
                         f'{name!r}')
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    dropped = _zero_layers(inner, name)
    weights = get_peft_model_state_dict(
        inner,
        state_dict={
            key: value
            for key, value in _lora_state(inner).items()
            if key.partition('.lora_')[0] not in dropped
        },
        adapter_name=name,
        save_embedding_layers=False)
    save_safetensors(
        {_PEFT_PREFIX + key: value for key, value in weights.items()},
        folder / _WEIGHTS)
    config = copy.copy(config)
    config.target_modules = layer_pattern([
        path for path, layer in lora_layers(inner)
        if name in layer.lora_A and path not in dropped
    ])
    config.save_pretrained(str(folder))
    meta: Dict[str, Any] = dict(
        format=1,
        group_norms=group_norms(inner, name),
        dropped_layers=sorted(dropped))
    if isinstance(model, SwapModel):
        meta['classes'] = model.class_table.as_dict()
        rows = _new_rows(model)
        if rows:
            save_safetensors(rows, folder / _ROWS)
        objective = model.objective
        if isinstance(objective, PrototypeObjective) and (
                objective.prototypes.tensors):
            save_safetensors(objective.prototypes.tensors,
                             folder / _PROTOTYPES)
    (folder / _SWAP).write_text(json.dumps(meta, indent=2) + '\n')
    return folder


def load_adapter(model: nn.Module,
                 folder: Union[str, Path],
                 name: str = 'default') -> nn.Module:
    """Read a folder of :func:`save_adapter` into a model, in place.

    A model without LoRA layers gets them where the adapter changes anything;
    one that has them must have the same.

    Args:
        model: A SwapModel with the folder's classes, or any model.
        folder: What :func:`save_adapter` wrote.
        name: The adapter's name in ``model``.

    Returns:
        ``model``.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If the classes or the layers are not the model's.
    """
    folder = Path(folder)
    for file in (_WEIGHTS, _CONFIG, _SWAP):
        if not (folder / file).is_file():
            raise FileNotFoundError(
                f'{folder} must be a folder of mmswap.save_adapter, but has '
                f'no {file}')
    meta = json.loads((folder / _SWAP).read_text())
    _check_classes(model, meta.get('classes'))
    inner = _inner(model)
    if adapter_config(inner, name) is None:
        config = LoraConfig.from_pretrained(str(folder))
        inject_adapter_in_model(config, inner, adapter_name=name)
    own = {
        key.replace(f'.{name}.', '.'): value
        for key, value in _lora_state(inner).items() if f'.{name}.' in key
    }
    saved = {
        key[len(_PEFT_PREFIX):]: value
        for key, value in load_file(folder / _WEIGHTS).items()
    }
    # Layers that were zero are not in the file, and need not be in the model.
    zero = {
        key
        for key in own
        if key.partition('.lora_')[0] in meta.get('dropped_layers', ())
    }
    shapes = [{key: tuple(value.shape) for key, value in state.items()}
              for state in ({k: own[k] for k in own if k not in zero}, saved)]
    if shapes[0] != shapes[1]:
        odd = sorted(
            {key for key, _ in shapes[0].items() ^ shapes[1].items()})
        raise ValueError(
            f'the adapter in {folder} must fit the model; layers that differ:'
            f' {odd[:5]} and so on, {len(odd)} in all')
    with torch.no_grad():
        for key in zero:
            own[key].zero_()
        for key, value in saved.items():
            own[key].copy_(value)
        if isinstance(model, SwapModel):
            rows = load_file(folder / _ROWS) if model.class_rows else {}
            for key, (param, where) in model.class_params().items():
                where.assign(param, rows[key])
            if isinstance(model.objective, PrototypeObjective) and (
                    folder / _PROTOTYPES).is_file():
                model.objective.set_prototypes(
                    load_file(folder / _PROTOTYPES))
    return model


def _lora_state(model: nn.Module) -> Dict[str, Tensor]:
    return {
        key: value
        for key, value in model.state_dict().items() if is_lora_key(key)
    }


def _zero_layers(model: nn.Module, name: str) -> Set[str]:
    """Paths of the layers of which A and B are zero.

    None where all are: an adapter has a layer.
    """
    layers = {
        path
        for path, layer in lora_layers(model) if name in layer.lora_A and
        not any(bool(p.detach().any()) for p in lora_weights(layer, name))
    }
    norms = group_norms(model, name)
    return layers if any(norms.values()) else set()


def _new_rows(model: SwapModel) -> Dict[str, Tensor]:
    return {
        key: where.select(param.detach())
        for key, (param, where) in model.class_params().items()
    }


def _check_classes(model: nn.Module, saved: Optional[Dict[str, Any]]) -> None:
    if not isinstance(model, SwapModel) or saved is None:
        return
    saved_table, own = ClassTable.from_saved(saved), model.class_table
    if (saved_table.known, saved_table.learn) != (own.known, own.learn):
        raise ValueError(
            f'classes must be those of the adapter, {saved_table}, got {own}')
