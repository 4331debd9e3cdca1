"""Checkpoint files, read without running code that is in them.

Importing this module lets mmengine read every local file and every address
this way: ``load_from``, ``--resume`` and ``init_cfg``, in the libraries' own
tools too, where a config imports mmswap.
"""
import contextlib
import mmap
import os
import pickle
import tarfile
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Dict, Iterator, NoReturn, Optional, Union
from urllib.parse import urlparse

import torch
from mmengine import dist
from mmengine.runner.checkpoint import CheckpointLoader

from mmswap.models.intact import damage
from mmswap.models.safetensors_files import load_from_safetensors
from mmswap.models.unpickling import pickle_module, settle

_TRUSTS: ContextVar[bool] = ContextVar('mmswap_trusts', default=False)
# What torch knows a TorchScript archive by. Names in a zip file are never
# compressed, so that nothing has to be parsed to find this one.
_SCRIPT = b'constants.pkl'


@contextlib.contextmanager
def trusting(trust: bool = True) -> Iterator[None]:
    """Unpickle whatever is in a checkpoint, until the context is left.

    That can run any code. It is what ``--trust`` does.

    Args:
        trust: False for leaving all as it is.
    """
    token = _TRUSTS.set(trust or _TRUSTS.get())
    try:
        yield
    finally:
        _TRUSTS.reset(token)


def read_checkpoint(path: Union[str, Path],
                    trust: bool = False) -> Dict[str, Any]:
    """Read a checkpoint of a Runner, of mmswap, or a safetensors file.

    ``torch.load(weights_only=True)`` does not read what mmengine's Runner
    writes, and to allow it ``getattr``, as that would take, undoes the
    protection. So tensors, plain values and the log are built, and anything
    else in the file is refused.

    Args:
        path: File to read, onto the CPU.
        trust: Unpickle whatever is in the file, as within :func:`trusting`.
            That can run any code.

    Returns:
        The checkpoint; ``state_dict`` holds the tensors.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, has more in it than tensors, plain
            values and a log and is not trusted, or is no checkpoint.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'the checkpoint must be a file, got {path}')
    with trusting(trust):
        read = (load_from_safetensors if path.suffix == '.safetensors' else
                load_from_file)
        checkpoint = read(str(path), 'cpu')
    if 'state_dict' not in checkpoint:
        checkpoint = dict(state_dict=checkpoint, meta={})
    return checkpoint


# In place of mmengine's own, which unpickles what is not safe, after a
# warning or without.
@CheckpointLoader.register_scheme(prefixes='', force=True)
def load_from_file(filename: str, map_location: Any = None) -> Dict[str, Any]:
    """Load a checkpoint from a local file, for mmengine.

    Args:
        filename: Path of the file.
        map_location: Where tensors go, as of ``torch.load``.

    Returns:
        What is in the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: As of :func:`read_checkpoint`, or if it is damaged.
    """
    path = Path(filename).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'{filename} can not be found.')
    found = damage(path)
    if found is not None:
        raise ValueError(f'{filename} is damaged: {found}')
    if _TRUSTS.get():
        checkpoint = torch.load(
            path, map_location=map_location, weights_only=False)
    else:
        checkpoint = _load_safely(path, map_location)
    if not isinstance(checkpoint, dict):
        raise ValueError('the checkpoint must be a dict, got '
                         f'{type(checkpoint).__name__} in {path}')
    return checkpoint


@CheckpointLoader.register_scheme(
    prefixes=('http://', 'https://'), force=True)
def load_from_url(filename: str, map_location: Any = None) -> Dict[str, Any]:
    """Load a checkpoint from the internet, for mmengine.

    The first process downloads it to the folder that torch keeps such files
    in, where it is not there already.

    Args:
        filename: The address.
        map_location: Where tensors go, as of ``torch.load``.

    Returns:
        What is in the file.

    Raises:
        ValueError: As of :func:`read_checkpoint`.
    """
    folder = Path(torch.hub.get_dir()) / 'checkpoints'
    path = folder / os.path.basename(urlparse(filename).path)
    for is_turn in (dist.is_main_process(), not dist.is_main_process()):
        if is_turn and not path.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(filename, str(path))
        dist.barrier()
    return load_from_file(str(path), map_location)


def _load_safely(path: Path, map_location: Any) -> Any:
    """What is in a file, if there is nothing in it that could run."""
    if _is_script(path):
        _refuse(path, 'a TorchScript archive')
    if _is_tar(path):
        _refuse(path, 'a tar archive')
    try:
        checkpoint = settle(torch.load(
            path, map_location=map_location, weights_only=False,
            pickle_module=pickle_module()))
    except pickle.UnpicklingError as error:
        _refuse(path, str(error), error)
    meta = checkpoint.get('meta') if isinstance(checkpoint, dict) else None
    if isinstance(meta, dict):
        # Runner.resume runs it as Python. Only mmcv wrote such a key.
        meta.pop('config', None)
    return checkpoint


def _is_script(path: Path) -> bool:
    """Whether torch.load would hand a file to torch.jit.load."""
    with path.open('rb') as file:
        if file.read(4) != b'PK\x03\x04':
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(_SCRIPT) >= 0


def _is_tar(path: Path) -> bool:
    """Whether torch.load would unpack a file: the format before torch 0.2."""
    try:
        with tarfile.open(path, 'r:'):
            return True
    except tarfile.TarError:
        return False


def _refuse(path: Path, found: str,
            error: Optional[Exception] = None) -> NoReturn:
    raise ValueError(
        f'the checkpoint must hold nothing but tensors and plain values, got '
        f'{found} in {path}, which can run code when it is loaded; where you '
        'trust the file, say so to mmswap (--trust). A train.py or test.py of '
        'a library cannot be told: for it write a copy of the weights, '
        f'`mmswap publish {path} COPY.pth --full --trust`') from error
