"""Which weights they are: hashes that any machine and release agrees on."""
import hashlib
from typing import Mapping, Optional

import torch
from torch import Tensor

# Of batch norms: data moves them without any training.
_STATISTICS = ('running_mean', 'running_var', 'num_batches_tracked')
_SHOWN = 12  # digits


def hash_states(*states: Mapping[str, Tensor]) -> str:
    """SHA-256 of the names and the bytes of tensors.

    Args:
        states: State dicts.
    """
    digest = hashlib.sha256()
    for state in states:
        for key in sorted(state):
            value = state[key].detach().cpu().contiguous()
            digest.update(f'{key} {value.dtype} {tuple(value.shape)}'.encode())
            digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def fingerprint(state: Mapping[str, Tensor]) -> str:
    """What a base model is known by: the hash of its weights.

    Of floats in half precision, so that a copy that was published so is the
    same base, and without the statistics of batch norms.

    Args:
        state: Its state dict, with the stock model's keys.
    """
    digest = hashlib.sha256()
    for key in sorted(state):
        value = state[key]
        if not isinstance(value, Tensor) or key.endswith(_STATISTICS):
            continue
        # One by one, as a copy of all of them would take memory.
        value = value.detach().cpu()
        digest.update(hash_states({
            key: value.half() if value.is_floating_point() else value
        }).encode())
    return digest.hexdigest()


def check_base(what: str, wanted: Optional[str],
               found: Optional[str]) -> None:
    """Refuse another base model than the one that something is for.

    Args:
        what: What it is, for the message.
        wanted: Fingerprint of the base that it is for; None where that is
            not known, as in files of release 0.1.
        found: Fingerprint of the base that is there, or None.

    Raises:
        ValueError: If both are known and differ.
    """
    if wanted is not None and found is not None and wanted != found:
        raise ValueError(
            f'{what} must meet the base model that it was made with, whose '
            f'fingerprint is {str(wanted)[:_SHOWN]}, got one with '
            f'{found[:_SHOWN]}')
