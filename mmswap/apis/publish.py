"""A checkpoint to hand out: weights, and nothing that undoes a forgetting."""
from pathlib import Path
from typing import Any, Dict, List, Mapping, Union

import torch
from torch import Tensor

from mmswap.apis.checkpoint import read_checkpoint, write_checkpoint
from mmswap.config.listing import listed
from mmswap.models.adapters.history import PREFIX as HISTORY
from mmswap.models.adapters.lora import is_lora_key
from mmswap.models.checkpoints import EXTRA, INNER, OBJECTIVE
from mmswap.models.safetensors_files import save_safetensors

_SUFFIXES = ('.pth', '.safetensors')
_SHOWN = 10


def publish_checkpoint(checkpoint: Union[str, Path],
                       out: Union[str, Path],
                       half: bool = True,
                       trust: bool = False) -> Path:
    """Write the weights of a stock or merged checkpoint for others to use.

    Only ``state_dict`` and the class names are written: no optimizer, no log,
    no ``ema_state_dict``, nothing else of ``meta``. A phase's checkpoint is
    refused: with the matrices of its adapters, or the prototypes of the
    classes that it forgets, those classes can be brought back.

    Args:
        checkpoint: What training wrote, or
            :func:`~mmswap.apis.merge.merge_checkpoint`.
        out: File to write, ``*.safetensors``, which mmswap reads, or
            ``*.pth``, which mmengine reads without mmswap too.
        half: Whether to store floats in half precision.
        trust: Unpickle whatever is in ``checkpoint``. That can run any code.

    Returns:
        ``out`` as a path.

    Raises:
        ValueError: If ``out`` ends otherwise, the checkpoint is a phase's or
            holds anything but tensors, or a weight is too large for half
            precision.
    """
    out = Path(out)
    if out.suffix not in _SUFFIXES:
        raise ValueError(f'OUT must end in one of {_SUFFIXES}, got {out}')
    read = read_checkpoint(checkpoint, trust)
    state = read['state_dict']
    _check_keys(state, checkpoint)
    if half:
        state = {key: _halved(key, value) for key, value in state.items()}
    meta = _names_only(read.get('meta') or {})
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == '.pth':
        state = {key: value.detach().cpu().clone()
                 for key, value in state.items()}
        write_checkpoint(dict(state_dict=state, meta=meta), out)
    else:
        save_safetensors(state, out, meta=meta)
    return out


def _check_keys(state: Mapping[str, Any], path: Union[str, Path]) -> None:
    """Refuse what can undo a forgetting, and what is no weight."""
    kept = private_keys(state)
    if kept:
        raise ValueError(
            'checkpoint must be that of a stock or merged model, as the '
            "matrices of a phase's adapters and its prototypes can undo what "
            f'was forgotten, got {listed(kept, _SHOWN)} in {path}. Merge it '
            f'first: python tools/merge_adapter.py CONFIG {path} MERGED.pth')
    odd = [key for key, value in state.items()
           if not isinstance(value, Tensor)]
    if odd:
        raise ValueError('checkpoint.state_dict must hold nothing but '
                         f'tensors, got {listed(odd, _SHOWN)} in {path}')


def private_keys(state: Mapping[str, Any]) -> List[str]:
    """The keys of a SwapModel that no stock model has.

    An averaged model of EMAHook has its keys below ``module.``.

    Args:
        state: A state dict.
    """
    found = []
    for key in state:
        own = key[len('module.'):] if key.startswith('module.') else key
        if own == EXTRA or own.startswith((HISTORY, OBJECTIVE)) or (
                is_lora_key(own)):
            found.append(key)
    # What belongs to the swap first, then the layers with LoRA.
    return sorted(found, key=lambda key: INNER in key)


def _halved(key: str, value: Tensor) -> Tensor:
    """A tensor of floats in half precision, any other as it is."""
    if not value.is_floating_point():
        return value
    halved = value.half()
    if bool(torch.isinf(halved).any()) and not torch.isinf(value).any():
        raise ValueError(
            f'half must be False (--full) for {key}, which has values of up '
            f'to {float(value.abs().max()):g}, more than half precision holds')
    return halved


def _names_only(meta: Mapping[str, Any]) -> Dict[str, Any]:
    """The class names of a checkpoint's ``meta``, where it has them."""
    classes = (meta.get('dataset_meta') or {}).get('classes')
    if not classes:
        return {}
    return dict(dataset_meta=dict(classes=[str(name) for name in classes]))
