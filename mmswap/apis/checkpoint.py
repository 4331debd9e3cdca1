"""Checkpoint files, read without running the code that a pickle may carry."""
import importlib
import os
import pickle
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, Union

import torch

from mmswap.models.safetensors_files import load_from_safetensors

# What a checkpoint's tensors are made of. numpy's core moved in numpy 2.
_BUILT = {
    'collections': ('OrderedDict', 'defaultdict', 'deque'),
    'numpy': ('dtype', 'ndarray'),
    'numpy.core.multiarray': ('_reconstruct', 'scalar'),
    'numpy._core.multiarray': ('_reconstruct', 'scalar'),
    'torch': ('Size', 'device', 'dtype'),
    'torch._utils': ('_rebuild_parameter', '_rebuild_tensor',
                     '_rebuild_tensor_v2'),
    '_codecs': ('encode', ),
}
# What mmengine's Runner writes beside them: the history of the logged
# scalars, whose statistics are stored as `getattr(HistoryBuffer, 'mean')`.
_SKIPPED = {
    'mmengine.logging.history_buffer': ('HistoryBuffer', ),
    'builtins': ('getattr', 'slice'),
    '__builtin__': ('getattr', 'slice'),
}


class _Skipped:
    """Stands where an object of the log stood; holds and does nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        del args, kwargs

    def __setstate__(self, state: Any) -> None:
        del state


class _Unpickler(pickle.Unpickler):
    """Knows the classes of tensors and refuses every other."""

    def find_class(self, module: str, name: str) -> Any:
        if name in _SKIPPED.get(module, ()):
            return _Skipped
        if name in _BUILT.get(module, ()):
            return getattr(importlib.import_module(module), name)
        if module == 'numpy.dtypes' and name.endswith('DType'):
            return getattr(importlib.import_module(module), name)
        raise pickle.UnpicklingError(f'{module}.{name}')


def _pickle_module() -> ModuleType:
    """The module that torch.load unpickles with."""
    module = ModuleType('mmswap_safe_pickle')
    vars(module).update(
        Unpickler=_Unpickler,
        UnpicklingError=pickle.UnpicklingError,
        load=lambda file, **kwargs: _Unpickler(file, **kwargs).load())
    return module


def read_checkpoint(path: Union[str, Path],
                    trust: bool = False) -> Dict[str, Any]:
    """Read a checkpoint of a Runner, of mmswap, or a safetensors file.

    ``torch.load(weights_only=True)`` does not read what mmengine's Runner
    writes, and to allow it ``getattr``, as that would take, undoes the
    protection. So tensors are built, the log in a Runner's checkpoint is
    skipped, and anything else in the file is refused.

    Args:
        path: File to read, onto the CPU.
        trust: Unpickle whatever is in the file. That can run any code.

    Returns:
        The checkpoint; ``state_dict`` holds the tensors.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file has more in it than tensors and a log and is
            not trusted, or is no checkpoint.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'the checkpoint must be a file, got {path}')
    if path.suffix == '.safetensors':
        return load_from_safetensors(str(path))
    options: Dict[str, Any] = {} if trust else dict(
        pickle_module=_pickle_module())
    try:
        checkpoint = torch.load(
            path, map_location='cpu', weights_only=False, **options)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f'the checkpoint must hold nothing but tensors, got {error} in '
            f'{path}, which can run code when it is loaded; where you trust '
            'the file, say so (--trust)') from error
    if not isinstance(checkpoint, dict):
        raise ValueError('the checkpoint must be a dict, got '
                         f'{type(checkpoint).__name__} in {path}')
    if 'state_dict' not in checkpoint:
        checkpoint = dict(state_dict=checkpoint, meta={})
    return checkpoint


def write_checkpoint(checkpoint: Dict[str, Any], path: Path) -> None:
    """Write all of a checkpoint or, if interrupted, nothing of it."""
    part = path.with_name(path.name + '.part')
    torch.save(checkpoint, part)
    os.replace(part, path)
