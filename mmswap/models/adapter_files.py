"""The adapter as a folder of small files, and the API without a runner.

The files are peft's (``adapter_config.json``, ``adapter_model.safetensors``)
and mmswap's own: ``swap.json`` with the class table,
``class_rows.safetensors`` with the rows of the new classes, and, only where
asked for, ``prototypes.safetensors`` with the class prototypes of a phase.
"""
import json
from pathlib import Path
from typing import Any, Dict, Optional, Union

import torch
from torch import nn

from mmswap.class_table import ClassTable
from mmswap.models.adapter_checks import check_dropped, read_json
from mmswap.models.adapters.groups import group_norms, zero_layers
from mmswap.models.adapters.lora import (
    is_lora_key,
    merge_lora,
    remove_lora,
)
from mmswap.models.checkpoints import stock_key
from mmswap.models.fingerprints import check_base, fingerprint
from mmswap.models.objectives.prototype import PrototypeObjective
from mmswap.models.peft_files import CONFIG, WEIGHTS, read_lora, write_lora
from mmswap.models.safetensors_files import read_tensors, save_safetensors
from mmswap.models.swap_model import SwapModel

_ROWS = 'class_rows.safetensors'
_PROTOTYPES = 'prototypes.safetensors'
_SWAP = 'swap.json'


def _inner(model: nn.Module) -> nn.Module:
    if not isinstance(model, SwapModel):
        return model
    model.frozen_rows.restore()
    return model.model


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
    merged = merge_lora(_inner(model))
    if isinstance(model, SwapModel):
        model.frozen_rows.hold()  # LoRA may have been in the classifier.
    return merged


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
                 name: str = 'default',
                 with_prototypes: bool = False) -> Path:
    """Write all that was trained to a folder.

    Layers that group sparsity made zero are left out; ``swap.json`` lists
    them.

    Args:
        model: A SwapModel or any model with LoRA layers.
        folder: Made where it is missing; files in it are replaced.
        name: The adapter.
        with_prototypes: Whether to write the class prototypes of a
            PrototypeObjective, too. They are the forgotten classes' mean
            features from before the forgetting, and enough to bring such a
            class back: not for a folder that is handed out.

    Returns:
        The folder.

    Raises:
        ValueError: If the model has no adapter of that name.
    """
    inner, folder = _inner(model), Path(folder)
    norms = group_norms(inner, name)
    # Not all of them: an adapter has a layer.
    dropped = zero_layers(inner, name) if any(norms.values()) else []
    write_lora(inner, folder, name, dropped)
    meta: Dict[str, Any] = dict(
        format=1,
        base_hash=_base_of(model),
        group_norms=norms,
        dropped_layers=sorted(dropped))
    if isinstance(model, SwapModel):
        meta['classes'] = model.class_table.as_dict()
        _write_parts(model, folder, with_prototypes)
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
        ValueError: If classes, layers, rank, alpha or the base model are not
            the model's, or a file says what :func:`save_adapter` does not
            write.
    """
    folder = Path(folder)
    absent = [file for file in (WEIGHTS, CONFIG, _SWAP)
              if not (folder / file).is_file()]
    if absent:
        raise FileNotFoundError(f'{folder} must be a folder of '
                                f'mmswap.save_adapter, but has no {absent}')
    meta = read_json(folder / _SWAP)
    _check_classes(model, meta.get('classes'))
    # A SwapModel's has class rows that no plain model has.
    if isinstance(model, SwapModel) == ('classes' in meta):
        check_base(f'the adapter in {folder}', meta.get('base_hash'),
                   _base_of(model))
    dropped = meta.get('dropped_layers', [])
    check_dropped(folder / _SWAP, dropped)
    read_lora(_inner(model), folder, name, dropped)
    if isinstance(model, SwapModel):
        _read_parts(model, folder)
    return model


def _base_of(model: nn.Module) -> Optional[str]:
    """Fingerprint of the base model below an adapter."""
    if isinstance(model, SwapModel):
        return model.base_hash
    return fingerprint({
        stock_key(key): value
        for key, value in model.state_dict().items() if not is_lora_key(key)
    })


@torch.no_grad()
def _read_parts(model: SwapModel, folder: Path) -> None:
    """Undo :func:`_write_parts`."""
    rows = read_tensors(folder / _ROWS) if model.class_rows else {}
    for key, (param, where) in model.class_params().items():
        wanted, got = (
            None if each is None else tuple(each.shape)
            for each in (where.select(param.detach()), rows.get(key)))
        if wanted != got:
            raise ValueError(f'{key} of {folder / _ROWS} must be of shape '
                             f'{wanted}, got {got}')
        where.assign(param, rows[key])
    if isinstance(model.objective, PrototypeObjective) and (
            folder / _PROTOTYPES).is_file():
        model.objective.set_prototypes(read_tensors(folder / _PROTOTYPES))


def _write_parts(model: SwapModel, folder: Path,
                 with_prototypes: bool) -> None:
    """The files that only a SwapModel has; none of another adapter stays."""
    rows = {
        key: where.select(param.detach())
        for key, (param, where) in model.class_params().items()
    }
    objective, prototypes = model.objective, {}
    if with_prototypes and isinstance(objective, PrototypeObjective):
        prototypes = objective.prototypes.tensors
    for name, tensors in ((_ROWS, rows), (_PROTOTYPES, prototypes)):
        (folder / name).unlink(missing_ok=True)
        if tensors:
            save_safetensors(tensors, folder / name)


def _check_classes(model: nn.Module, saved: Optional[Dict[str, Any]]) -> None:
    if isinstance(model, SwapModel) and saved is not None:
        table, own = ClassTable.from_saved(saved), model.class_table
        if (table.known, table.learn) != (own.known, own.learn):
            raise ValueError(
                f'classes must be those of the adapter, {table}, got {own}')
