"""Pickles, read without running the code that they may carry.

An unpickler builds whatever a file names. This one knows tensors and plain
values, and for what mmengine's Runner writes beside them (numbers of numpy,
the history of the log) it has stand-ins, which only keep what they are given.
:func:`settle` puts the objects themselves in their places when all is read:
numpy's own ``__setstate__`` believes a file too much, and the statistics of a
history are stored as ``getattr(HistoryBuffer, 'mean')``.
"""
import collections
import pickle
from types import ModuleType
from typing import Any, Dict, NoReturn, Optional

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from torch import Tensor

_DICTS = (dict, collections.OrderedDict, collections.defaultdict,
          collections.Counter)
_LEAVES = (type(None), bool, int, float, complex, str, bytes, slice,
           torch.Size, torch.device, torch.dtype, torch.nn.Parameter, Tensor)
_NUMBERS = 'biufcSU'  # Kinds of numpy's dtypes, texts among them.


def _refuse(what: Any) -> NoReturn:
    raise pickle.UnpicklingError(str(what))


class _DType:
    """Stands for a ``numpy.dtype``: never one of objects or of fields."""

    def __init__(self, text: Any = '', *_: Any) -> None:
        if not isinstance(text, str) or np.dtype(text).kind not in _NUMBERS:
            _refuse(f'numpy.dtype({text!r})')
        self.dtype = np.dtype(text)

    def __setstate__(self, state: Any) -> None:
        # (version, byte order, ...), and of these kinds nothing else counts.
        if state[1] in ('<', '>'):
            self.dtype = self.dtype.newbyteorder(state[1])


class _Array:
    """Stands for a ``numpy.ndarray`` and for what constructs it empty."""

    array: Optional[np.ndarray] = None

    def __init__(self, *_: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, is_fortran, data = state
        # Raises where there are fewer bytes than the shape needs.
        self.array = np.ndarray(
            shape, dtype.dtype, data,
            order='F' if is_fortran else 'C').copy(order='K')


def _scalar(dtype: _DType, data: bytes) -> np.generic:
    """A number of numpy."""
    return np.frombuffer(data, dtype.dtype, count=1)[0]


class _Buffer:
    """Stands for a ``HistoryBuffer``."""

    state: Dict[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Scheduler:
    """Stands for a class of mmengine's parameter schedulers."""


class _Method:
    """Stands for a method: of a history, or of a scheduler's class."""

    def __init__(self, owner: Any, _: Any) -> None:
        if owner not in (_Buffer, _Scheduler):
            _refuse('getattr')


def _encode(text: str, encoding: str) -> bytes:
    """The bytes of an array, which old protocols store as text."""
    if encoding != 'latin1':
        _refuse(f'_codecs.encode to {encoding!r}')
    return text.encode(encoding)


def _no_bytes() -> bytes:
    """As old protocols store them; with a size, it could take all memory."""
    return b''


# By module and name. numpy's core moved in numpy 2, builtins in Python 3.
_BUILT: Dict[str, Dict[str, Any]] = {
    'collections': {kind.__name__: kind for kind in (
        *_DICTS[1:], collections.deque)},
    'builtins': dict(set=set, frozenset=frozenset, complex=complex,
                     slice=slice, bytes=_no_bytes, getattr=_Method),
    'numpy': dict(dtype=_DType, ndarray=_Array),
    'numpy.core.multiarray': dict(_reconstruct=_Array, scalar=_scalar),
    'torch': dict(Size=torch.Size, device=torch.device),
    'torch._utils': {name: getattr(torch._utils, name) for name in (
        '_rebuild_parameter', '_rebuild_tensor', '_rebuild_tensor_v2')},
    'mmengine.logging.history_buffer': dict(HistoryBuffer=_Buffer),
    '_codecs': dict(encode=_encode),
}
_BUILT['__builtin__'] = _BUILT['builtins']
_BUILT['numpy._core.multiarray'] = _BUILT['numpy.core.multiarray']


class _Unpickler(pickle.Unpickler):
    """Knows tensors, plain values and the stand-ins, and refuses the rest."""

    def find_class(self, module: str, name: str) -> Any:
        found = _BUILT.get(module, {}).get(name)
        if found is not None:
            return found
        if module == 'torch' and isinstance(
                getattr(torch, name, None), torch.dtype):
            return getattr(torch, name)
        if module.startswith('mmengine.optim.scheduler.'):
            return _Scheduler
        return _refuse(f'{module}.{name}')


def pickle_module() -> ModuleType:
    """What ``torch.load`` takes as its ``pickle_module``.

    What it loads is to be given to :func:`settle`.
    """
    module = ModuleType('mmswap_safe_pickle')
    vars(module).update(
        Unpickler=_Unpickler,
        UnpicklingError=pickle.UnpicklingError,
        load=lambda file, **kwargs: _Unpickler(file, **kwargs).load())
    return module


def settle(value: Any) -> Any:
    """Replace the stand-ins in what was read, in place where that can be.

    Methods go from the dicts that they are in: a scheduler that is built anew
    has its own.

    Args:
        value: What ``torch.load`` read by means of :func:`pickle_module`.

    Returns:
        The same, of tensors, plain values, numpy's numbers and histories.

    Raises:
        pickle.UnpicklingError: If there is anything else in it.
    """
    return _Settler().settle(value)


class _Settler:
    """Settles each object once, however often it is in what was read."""

    def __init__(self) -> None:
        self._done: Dict[int, Any] = {}

    def settle(self, value: Any) -> Any:
        if type(value) in _LEAVES or isinstance(value, np.generic):
            return value
        if id(value) not in self._done:
            # Before its parts: a list may be in itself.
            self._done[id(value)] = value
            self._done[id(value)] = self._settled(value)
        return self._done[id(value)]

    def _settled(self, value: Any) -> Any:
        kind = type(value)
        if kind in _DICTS:
            self._settle_dict(value)
            return value
        if kind in (list, collections.deque):
            parts = [self.settle(part) for part in value]
            value.clear()
            value.extend(parts)
            return value
        if kind in (tuple, set, frozenset):
            return kind(self.settle(part) for part in value)
        if kind is _Array and value.array is not None:
            return value.array
        if kind is _Buffer:
            return self._history(value.state)
        if kind is _DType:
            return value.dtype
        return _refuse(getattr(value, '__qualname__', kind.__name__))

    def _settle_dict(self, value: Dict[Any, Any]) -> None:
        for key, part in list(value.items()):
            if self.settle(key) is not key:
                _refuse(f'a key of the type {type(key).__name__}')
            if isinstance(part, _Method):
                del value[key]
            else:
                value[key] = self.settle(part)

    def _history(self, state: Dict[str, Any]) -> HistoryBuffer:
        return HistoryBuffer(
            self.settle(state['_log_history']),
            self.settle(state['_count_history']), state['max_length'])
