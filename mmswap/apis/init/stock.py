"""The stock config that a swap begins with."""
import contextlib
import os
import re
from pathlib import Path
from typing import Any, Iterator, List, NamedTuple, Tuple, Union

from mmengine.config import Config, ConfigDict
from mmengine.dataset import BaseDataset
from mmengine.registry import DefaultScope

from mmswap.apis.init.layout import Call, Code, Node
from mmswap.config.stock import stock_config
from mmswap.config.types import is_mmswap_type, type_name
from mmswap.registry import DATASETS

_LOADERS = ('train_dataloader', 'val_dataloader')
_NEEDED = ('model', *_LOADERS, 'val_evaluator', 'train_cfg', 'optim_wrapper')


class Stock(NamedTuple):
    """A stock config.

    Attributes:
        given: What the user called it: a path, or ``'mmdet::...'``.
        path: Path of the file.
        cfg: What is in it.
    """

    given: str
    path: Path
    cfg: Config

    @property
    def stem(self) -> str:
        """Name of the file without its ending."""
        return self.path.stem

    @property
    def scope(self) -> str:
        """The library that it is for."""
        return self.cfg.default_scope

    @property
    def by_epoch(self) -> bool:
        """Whether its training loop counts epochs."""
        return 'max_epochs' in self.cfg.train_cfg

    def base(self, out: Path) -> Node:
        """What ``_base_`` of a config in a folder is.

        Args:
            out: The folder.
        """
        if '::' not in self.given:
            path = Path(os.path.relpath(self.path, out)).as_posix()
            return path if path.startswith('..') else f'./{path}'
        try:
            Config.fromstring(f'_base_ = {self.given!r}\n', '.py')
        except (ImportError, AssertionError):
            # mmengine looks for a distribution of another name.
            return Call("__import__('mmswap').stock_config", (self.given, ))
        return self.given


def read_stock(given: Union[str, Path]) -> Stock:
    """Read the stock config of a swap.

    Args:
        given: A path, or ``'mmdet::...'``, a config of an installed library.

    Raises:
        FileNotFoundError: If there is no such config.
        ValueError: If it is no text config of a stock model that can be
            trained and scored.
    """
    name = str(given)
    path = Path(stock_config(name) if '::' in name else name).expanduser()
    if not path.is_file():
        raise FileNotFoundError('STOCK_CONFIG must be a config file or '
                                f"'<library>::<config>', got {name}")
    if re.search(r'^\s*with\s+read_base\(\)', path.read_text(), re.M):
        raise ValueError(
            'STOCK_CONFIG must be a text config (_base_ = ...), as a swap '
            f'inherits from it, got {name}, a pure Python one (read_base)')
    cfg = Config.fromfile(str(path))
    if is_mmswap_type(cfg.get('model'), 'SwapModel'):
        raise ValueError(
            'STOCK_CONFIG must be the config that the base model was trained '
            f'with, got that of a phase, {name}, whose model is a SwapModel')
    missing = [key for key in _NEEDED if not cfg.get(key)]
    if missing:
        raise ValueError(
            'STOCK_CONFIG must be a config that trains and scores a model, '
            f'but {name} has no {", ".join(missing)}')
    return Stock(name, path.resolve(), cfg)


def inner_datasets(stock: Stock,
                   loader: str) -> List[Tuple[Code, ConfigDict]]:
    """Find the data sets of a loader below its wrappers.

    Args:
        stock: The stock config.
        loader: ``'train_dataloader'`` or ``'val_dataloader'``.

    Returns:
        For each how a config that inherits calls it, and its config.
    """
    return list(_innermost(stock.cfg[loader].dataset,
                           f'_base_.{loader}.dataset'))


def _innermost(dataset: Any, ref: str) -> Iterator[Tuple[Code, ConfigDict]]:
    if 'dataset' in dataset:
        yield from _innermost(dataset.dataset, f'{ref}.dataset')
    elif 'datasets' in dataset:
        for number, inner in enumerate(dataset.datasets):
            yield from _innermost(inner, f'{ref}.datasets[{number}]')
    else:
        yield Code(ref), dataset


def build_dataset(dataset: ConfigDict, scope: str,
                  full: bool = False) -> BaseDataset:
    """Build a data set without its pipeline.

    Args:
        dataset: Its config.
        scope: The library's default scope.
        full: Whether to read its annotations too.
    """
    with scope_of(scope):
        built = DATASETS.build(
            dict(dataset.to_dict(), pipeline=[], lazy_init=True))
        if full:
            built.full_init()
    return built


def scope_of(scope: str) -> 'contextlib.AbstractContextManager[None]':
    """Where types are looked for as in a run of a config.

    Args:
        scope: The config's ``default_scope``.
    """
    return DefaultScope.overwrite_default_scope(scope)


def dataset_type(dataset: ConfigDict) -> str:
    """The bare name of the type of a data set.

    Args:
        dataset: Its config.
    """
    return type_name(dataset.get('type'))
