"""Checkpoints as ``.safetensors`` files, which cannot run code when read.

Importing this module lets every ``load_from`` name such a file.
"""
import json
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Tuple, Union

import torch
from mmengine.runner.checkpoint import CheckpointLoader
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from mmswap.models.fingerprints import hash_states

_CHECKSUM = 'mmswap_sha256'


# CheckpointLoader takes its prefixes for regular expressions.
@CheckpointLoader.register_scheme(prefixes=r'.*\.safetensors$')
def load_from_safetensors(filename: str,
                          map_location: Any = None) -> Dict[str, Any]:
    """Load a checkpoint from a ``.safetensors`` file.

    Args:
        filename: Path of the file.
        map_location: A device, or None for the CPU.

    Returns:
        ``dict(state_dict=..., meta=...)``; half precision becomes float32, as
        new class rows are computed from it.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is damaged.
    """
    if not Path(filename).is_file():
        raise FileNotFoundError(f'{filename} can not be found.')
    device = map_location if isinstance(map_location, str) else 'cpu'
    state, texts = _read(filename, device)
    # Runner.resume would run a `config` as Python.
    meta = {key: _decoded(text) for key, text in texts.items()
            if key != 'config'}
    state = {
        key: value.float() if value.dtype == torch.float16 else value
        for key, value in state.items()
    }
    return dict(state_dict=state, meta=meta)


def read_tensors(filename: Union[str, Path]) -> Dict[str, Tensor]:
    """The tensors of a ``.safetensors`` file, as they are.

    Args:
        filename: Path of the file.

    Raises:
        ValueError: If it is damaged.
    """
    return _read(filename, 'cpu')[0]


def _read(filename: Union[str, Path],
          device: str) -> Tuple[Dict[str, Tensor], Dict[str, str]]:
    """Tensors and texts; the former compared with their checksum, if any."""
    try:
        with safe_open(str(filename), framework='pt', device=device) as file:
            state = {key: file.get_tensor(key) for key in file.keys()}
            texts = dict(file.metadata() or {})
    except SafetensorError as error:
        raise ValueError(f'{filename} is damaged, or no .safetensors file '
                         f'({error})') from error
    checksum = texts.pop(_CHECKSUM, None)
    if checksum is not None and checksum != hash_states(state):
        raise ValueError(
            f'{filename} is damaged: its tensors are not those written')
    return state, texts


def _decoded(text: str) -> Any:
    """A value that :func:`save_safetensors` wrote, or a plain text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def save_safetensors(state: Mapping[str, Tensor],
                     filename: Union[str, Path],
                     half: bool = False,
                     meta: Optional[Mapping[str, Any]] = None) -> None:
    """Write a state dict and its checksum to a ``.safetensors`` file.

    Args:
        state: The tensors.
        filename: Path of the file.
        half: Whether to store floats in half the size.
        meta: Values that JSON can hold, by key; the ``meta`` that is read.
    """
    tensors = {
        key: (value.half() if half and value.is_floating_point() else
              value).detach().cpu().contiguous().clone()
        for key, value in state.items()
    }
    # Not save_file, whose files nobody but their owner can read.
    texts = {key: json.dumps(value) for key, value in (meta or {}).items()}
    texts[_CHECKSUM] = hash_states(tensors)
    Path(filename).write_bytes(save(tensors, texts))
