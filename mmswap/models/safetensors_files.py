"""Checkpoints as ``.safetensors`` files, which cannot run code when read.

Importing this module lets every ``load_from`` name such a file.
"""
import json
from pathlib import Path
from typing import Any, Dict, Mapping, Optional, Union

import torch
from mmengine.runner.checkpoint import CheckpointLoader
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor


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
    """
    if not Path(filename).is_file():
        raise FileNotFoundError(f'{filename} can not be found.')
    device = map_location if isinstance(map_location, str) else 'cpu'
    with safe_open(filename, framework='pt', device=device) as file:
        state = {key: file.get_tensor(key) for key in file.keys()}
        # Runner.resume would run a `config` as Python.
        meta = {key: _decoded(text)
                for key, text in (file.metadata() or {}).items()
                if key != 'config'}
    state = {
        key: value.float() if value.dtype == torch.float16 else value
        for key, value in state.items()
    }
    return dict(state_dict=state, meta=meta)


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
    """Write a state dict to a ``.safetensors`` file.

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
    Path(filename).write_bytes(save(tensors, texts or None))
