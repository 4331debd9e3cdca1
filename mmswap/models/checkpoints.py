"""Checked loading: every key of a checkpoint lands, or an error says which.

A :class:`~mmswap.models.swap_model.SwapModel` takes three kinds of
checkpoint: the base model's (K classes, the stock model's keys), a merged one
(K + N classes, stock keys) and a phase's (all keys below ``model.``, with
LoRA in them). ``Runner.load_checkpoint`` only warns of keys that do not
match, so the check stands here, where the keys are known.
"""
import json
from typing import Any, Dict, List, Mapping, Optional

import torch
from torch import Tensor, nn

from mmswap.models.adapters.history import PREFIX as HISTORY
from mmswap.models.adapters.history import fold_adapter
from mmswap.models.adapters.lora import is_lora_key
from mmswap.models.classes.rows import ClassRows

INNER = 'model.'
OBJECTIVE = 'objective.'
EXTRA = '_extra_state'
_SHOWN = 10


def stock_key(key: str) -> str:
    """The stock model's name of a key of a model with LoRA layers."""
    return key.replace('.base_layer.', '.')


def is_phase_checkpoint(state: Mapping[str, Tensor]) -> bool:
    """Whether a checkpoint is one of a SwapModel, with LoRA or without."""
    if any(key.startswith(INNER) and is_lora_key(key) for key in state):
        return True
    return EXTRA in state and unpack_extra(
        state[EXTRA])['adapter']['name'] is None


def pack_extra(values: Dict[str, Any]) -> Tensor:
    """Values that a checkpoint carries, as UTF-8 JSON, (number of bytes,)."""
    return torch.tensor(list(json.dumps(values).encode()), dtype=torch.uint8)


def unpack_extra(packed: Tensor) -> Dict[str, Any]:
    """Undo :func:`pack_extra`."""
    return json.loads(bytes(packed.tolist()).decode())


def fold_earlier(state: Dict[str, Tensor], name: Optional[str]) -> bool:
    """Fold the adapter of an earlier phase into its checkpoint, in place.

    A checkpoint whose adapter has the phase's own name is left as it is: the
    phase goes on with that adapter. After folding the keys are the stock
    model's, as in a merged checkpoint, and those of the history. Where all
    weights are to train there is no history: what was added to them cannot be
    taken out again once they have moved.

    Args:
        state: The checkpoint's tensors.
        name: Name of the adapter that is to be trained; None without one.

    Returns:
        Whether the keys are still a SwapModel's, so that the phase goes on
        with all that is in the checkpoint.

    Raises:
        RuntimeError: If an adapter of that name has been folded before.
    """
    if not is_phase_checkpoint(state):
        return False
    if EXTRA not in state:
        return True
    earlier = unpack_extra(state[EXTRA])['adapter']
    if earlier['name'] == name:
        return True
    if earlier['name'] is not None:
        fold_adapter(state, earlier['name'], earlier['scaling'], INNER)
    if name is None:
        for key in [key for key in state if key.startswith(HISTORY)]:
            del state[key]
    if any(key.startswith(f'{HISTORY}{name}.') for key in state):
        raise RuntimeError(
            f'model.adapter.name must be new, or the last phase\'s '
            f'{earlier["name"]!r} to go on with it; the phases before '
            f'load_from had a {name!r} already')
    for key in [key for key in state if key.startswith(INNER)]:
        state[stock_key(key[len(INNER):])] = state.pop(key)
    return False


def drop_objective(state: Dict[str, Tensor],
                   objective: Optional[nn.Module]) -> None:
    """Drop what another objective kept, in place.

    Args:
        state: The checkpoint's tensors.
        objective: That of this phase, which takes its own; None to drop all.
    """
    kept = dict(objective.named_children()) if objective else {}
    for key in [key for key in state if key.startswith(OBJECTIVE)]:
        if key[len(OBJECTIVE):].partition('.')[0] not in kept:
            del state[key]


def adapt_checkpoint(state: Dict[str, Tensor], own: Dict[str, Tensor],
                     class_rows: Dict[str, ClassRows],
                     of_phase: bool) -> None:
    """Give a base or merged checkpoint a SwapModel's keys and class rows.

    Args:
        state: The checkpoint's tensors; renamed and grown in place.
        own: State dict of the SwapModel's inner model.
        class_rows: The class tensors by stock key.
        of_phase: Whether the keys are a SwapModel's already and only their
            shapes are to be checked.

    Raises:
        RuntimeError: If a tensor has another shape than the model's.
    """
    if not of_phase:
        target = {stock_key(key): key for key in own if not is_lora_key(key)}
        for key in list(state):
            if key == EXTRA or key.startswith(HISTORY):
                continue
            tensor = state.pop(key)
            rows = class_rows.get(key)
            if rows is not None and tensor.dim() > rows.dim and (
                    tensor.shape[rows.dim] == rows.old_size):
                tensor = rows.grow(tensor)
            state[INNER + target.get(key, key)] = tensor
    wrong = [
        f'{key}: {tuple(state[INNER + key].shape)} in the checkpoint, '
        f'{tuple(tensor.shape)} in the model' for key, tensor in own.items()
        if INNER + key in state and state[INNER + key].shape != tensor.shape
    ]
    if wrong:
        raise RuntimeError(
            'load_from must be a checkpoint of this model with its K base '
            'classes, the K+N classes of a merged one, or a phase of the same '
            f'swap (same classes and adapter); {_listed(wrong)}')


def check_keys(missing: List[str], unexpected: List[str],
               lora_expected: bool) -> None:
    """Refuse a checkpoint that does not fit.

    Args:
        missing: Keys that the model has and the checkpoint lacks; keys that
            may be missing are taken out in place, so that nobody warns.
        unexpected: The other way round.
        lora_expected: Whether the checkpoint should have LoRA keys.

    Raises:
        RuntimeError: If a key remains.
    """
    missing[:] = [
        key for key in missing if not key.endswith('num_batches_tracked') and
        (lora_expected or not is_lora_key(key)) and key.startswith(INNER)
    ]
    parts = []
    if missing:
        parts.append(f'keys it lacks: {_listed(missing)}')
    if unexpected:
        parts.append(f'keys the model has no place for: '
                     f'{_listed(unexpected)}')
    if parts:
        raise RuntimeError(
            'load_from must be a checkpoint of this model (base, merged or a '
            f'phase of the same swap); {"; ".join(parts)}')


def _listed(items: List[str]) -> str:
    shown = [item[len(INNER):] if item.startswith(INNER) else item
             for item in items[:_SHOWN]]
    more = len(items) - len(shown)
    return ', '.join(shown) + (f' and {more} more' if more else '')
