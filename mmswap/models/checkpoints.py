"""Checked loading: every key of a checkpoint lands, or an error says which.

A :class:`~mmswap.models.swap_model.SwapModel` takes three kinds of
checkpoint: the base model's (K classes, the stock model's keys), a merged one
(K + N classes, stock keys) and a phase's (all keys below ``model.``, with
LoRA in them). ``Runner.load_checkpoint`` only warns of keys that do not
match, so the check stands here, where the keys are known.
"""
import json
from typing import Any, Callable, Dict, List, Mapping, Optional

import torch
from peft import LoraConfig
from torch import Tensor, nn

from mmswap.config.listing import listed
from mmswap.models.adapters.history import PREFIX as HISTORY
from mmswap.models.adapters.history import fold_adapter
from mmswap.models.adapters.lora import is_lora_key
from mmswap.models.fingerprints import fingerprint

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


def checkpoint_kind(state: Mapping[str, Tensor],
                    meta: Optional[Mapping[str, Any]] = None) -> str:
    """Which of the three kinds a checkpoint is.

    Args:
        state: Its ``state_dict``.
        meta: Its ``meta``, by which a merged checkpoint is known; its tensors
            are those of any stock model with K + N classes.

    Returns:
        ``'base'``, ``'merged'`` or ``'phase'``.
    """
    if is_phase_checkpoint(state):
        return 'phase'
    return 'merged' if 'mmswap_version' in (meta or {}) else 'base'


def pack_extra(values: Dict[str, Any]) -> Tensor:
    """Values that a checkpoint carries, as UTF-8 JSON, (number of bytes,)."""
    return torch.tensor(list(json.dumps(values).encode()), dtype=torch.uint8)


def unpack_extra(packed: Tensor) -> Dict[str, Any]:
    """Undo :func:`pack_extra`."""
    return json.loads(bytes(packed.tolist()).decode())


def base_hash(state: Mapping[str, Tensor]) -> Optional[str]:
    """The fingerprint of the base model of a checkpoint.

    Args:
        state: The checkpoint's tensors.

    Returns:
        Of a phase's what it carries, None where that is nothing, as with
        release 0.1; of any other that of its own weights.
    """
    if EXTRA in state:
        return unpack_extra(state[EXTRA])['adapter'].get('base_hash')
    return None if is_phase_checkpoint(state) else fingerprint(state)


def fold_earlier(state: Dict[str, Tensor], name: Optional[str],
                 config: Optional[LoraConfig] = None) -> bool:
    """Fold the adapter of an earlier phase into its checkpoint, in place.

    A checkpoint whose adapter has the phase's own name is left as it is: the
    phase goes on with that adapter. After folding the keys are the stock
    model's, as in a merged checkpoint, and those of the history. Where all
    weights are to train there is no history: what was added to them cannot be
    taken out again once they have moved.

    Args:
        state: The checkpoint's tensors.
        name: Name of the adapter that is to be trained; None without one.
        config: peft's configuration of it.

    Returns:
        Whether the keys are still a SwapModel's, so that the phase goes on
        with all that is in the checkpoint.

    Raises:
        RuntimeError: If an adapter of that name has been folded before, or
            is live and has another rank or alpha.
    """
    if not is_phase_checkpoint(state):
        return False
    if EXTRA not in state:
        return True
    earlier = unpack_extra(state[EXTRA])['adapter']
    if earlier['name'] == name:
        if config is not None:
            _check_scale(state, earlier, config)
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


def _check_scale(state: Mapping[str, Tensor], earlier: Mapping[str, Any],
                 config: LoraConfig) -> None:
    """The same matrices at another scale are another update."""
    mark = f'.lora_A.{earlier["name"]}.weight'
    ranks = [len(state[key]) for key in state if key.endswith(mark)]
    if not ranks:
        return
    rank, alpha = ranks[0], earlier['scaling'] * ranks[0]
    if (rank, alpha) != (config.r, config.lora_alpha):
        raise RuntimeError(
            f'model.adapter.rank and model.adapter.alpha must be {rank} and '
            f'{alpha:g}, those of the adapter {earlier["name"]!r} in '
            f'load_from, got {config.r} and {config.lora_alpha:g}; with '
            'another model.adapter.name a phase begins with a fresh adapter')


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


def adapt_checkpoint(state: Dict[str, Tensor], own: Mapping[str, Tensor],
                     grow: Callable[[str, Tensor], Tensor],
                     of_phase: bool) -> None:
    """Give a base or merged checkpoint a SwapModel's keys and class rows.

    Args:
        state: The checkpoint's tensors; renamed and grown in place.
        own: State dict of the SwapModel's inner model.
        grow: Makes of a tensor, by its stock key, one of K + N classes.
        of_phase: Whether the keys are a SwapModel's already and only their
            shapes are to be checked.

    Raises:
        RuntimeError: If a tensor has another shape than the model's.
    """
    if not of_phase:
        target = {stock_key(key): key for key in own if not is_lora_key(key)}
        for key in list(state):
            if key != EXTRA and not key.startswith(HISTORY):
                grown = grow(key, state.pop(key))
                state[INNER + target.get(key, key)] = grown
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
               lora_expected: bool, prefix: str = '') -> None:
    """Refuse a checkpoint that does not fit.

    Args:
        missing: Keys that the model has and the checkpoint lacks; keys that
            may be missing are taken out in place, so that nobody warns.
        unexpected: The other way round.
        lora_expected: Whether the checkpoint should have LoRA keys.
        prefix: Where the SwapModel stands in what is loaded, ``'module.'``
            in a moving average. Keys elsewhere are not its business.

    Raises:
        RuntimeError: If a key remains.
    """
    needed = [
        key for key in _below(missing, prefix) if key.startswith(INNER)
        and not key.endswith('num_batches_tracked') and
        (lora_expected or not is_lora_key(key))
    ]
    missing[:] = [
        key for key in missing
        if not key.startswith(prefix) or key[len(prefix):] in needed
    ]
    parts = []
    if needed:
        parts.append(f'keys it lacks: {_listed(needed)}')
    if _below(unexpected, prefix):
        parts.append('keys the model has no place for: '
                     f'{_listed(_below(unexpected, prefix))}')
    if parts:
        raise RuntimeError(
            'load_from must be a checkpoint of this model (base, merged or a '
            f'phase of the same swap); {"; ".join(parts)}')


def _below(keys: List[str], prefix: str) -> List[str]:
    return [key[len(prefix):] for key in keys if key.startswith(prefix)]


def _listed(items: List[str]) -> str:
    return listed([item[len(INNER):] if item.startswith(INNER) else item
                   for item in items], _SHOWN)
