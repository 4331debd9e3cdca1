"""Checked loading: every key of a checkpoint lands, or an error says which.

A :class:`~mmswap.models.swap_model.SwapModel` takes three kinds of
checkpoint: the base model's (K classes, the stock model's keys), a merged one
(K + N classes, stock keys) and a phase's (all keys below ``model.``, with
LoRA in them). ``Runner.load_checkpoint`` only warns of keys that do not
match, so the check stands here, where the keys are known.
"""
from typing import Dict, List, Mapping

from torch import Tensor

from .class_rows import ClassRows
from .lora import is_lora_key

INNER = 'model.'
_SHOWN = 10


def stock_key(key: str) -> str:
    """The stock model's name of a key of a model with LoRA layers."""
    return key.replace('.base_layer.', '.')


def is_phase_checkpoint(keys: Mapping[str, Tensor]) -> bool:
    """Whether a checkpoint is one of a SwapModel."""
    return any(key.startswith(INNER) and is_lora_key(key) for key in keys)


def adapt_checkpoint(state: Dict[str, Tensor], own: Dict[str, Tensor],
                     class_rows: Dict[str, ClassRows]) -> None:
    """Give a base or merged checkpoint a SwapModel's keys and class rows.

    Args:
        state: The checkpoint's tensors; renamed and grown in place. A phase
            checkpoint is left as it is.
        own: State dict of the SwapModel's inner model.
        class_rows: The class tensors by stock key.

    Raises:
        RuntimeError: If a tensor has another shape than the model's.
    """
    if not is_phase_checkpoint(state):
        target = {stock_key(key): key for key in own if not is_lora_key(key)}
        for key in list(state):
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
