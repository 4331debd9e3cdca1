"""The data of one phase: a named branch for each stream of batches."""
import bisect
from contextlib import nullcontext
from typing import Any, Dict, List, Mapping, Optional, Tuple

import numpy as np
from mmengine.dataset import force_full_init
from torch.utils.data import Dataset

from mmswap.datasets.seeding import SeededIndex, seeded
from mmswap.registry import DATASETS

# Branches reach SwapModel.forward as keyword arguments beside these.
_RESERVED = ('inputs', 'data_samples', 'mode')


@DATASETS.register_module()
class SwapDataset(Dataset):
    """The branches of a phase, end to end in one index space.

    It tells each sample's branch, so that ``SwapSampler`` can draw a fixed
    number from each and ``swap_collate`` can part them again. A branch may be
    made of several data sets, each with its own pipeline.

    Args:
        branches: For each branch, in the order of the batches, a data set or
            a list of data sets, built or as configs. Usually each is a
            ``ClassSubset``.
        lazy_init: Whether to leave reading the annotations to
            :meth:`full_init`. Defaults to False.

    Attributes:
        branches: The built data sets of each branch, as a dict of lists.
        branch_sizes: How many samples of each branch make a batch; None
            until a sampler says so with :meth:`set_branch_sizes`.

    Raises:
        TypeError: If ``branches`` is no dict.
        ValueError: If there is no branch, a branch has no data set or no
            image, a name can be no keyword of ``SwapModel.forward``, or the
            data sets have different classes.
    """

    def __init__(self,
                 branches: Mapping[str, Any],
                 lazy_init: bool = False) -> None:
        if not isinstance(branches, Mapping):
            raise TypeError('SwapDataset.branches must be a dict of data '
                            f'sets, got {branches!r}')
        if not branches:
            raise ValueError('SwapDataset.branches must have a branch, got '
                             'none')
        self.branches: Dict[str, List[Any]] = {}
        for name, datasets in branches.items():
            _check_name(name)
            self.branches[name] = _build(name, datasets)
        self._flat = [d for branch in self.branches.values() for d in branch]
        _check_classes(self.branches)
        self.branch_sizes: Optional[Dict[str, int]] = None
        self._fully_initialized = False
        if not lazy_init:
            self.full_init()

    @property
    def metainfo(self) -> dict:
        """The meta information of the first data set."""
        return self._flat[0].metainfo

    def full_init(self) -> None:
        """Read the annotations of all data sets, once."""
        if self._fully_initialized:
            return
        for dataset in self._flat:
            # Not every torch data set has it.
            if hasattr(dataset, 'full_init'):
                dataset.full_init()
        self._ends = np.cumsum([len(d) for d in self._flat]).tolist()
        self._ranges: Dict[str, range] = {}
        start = 0
        for name, datasets in self.branches.items():
            stop = start + sum(map(len, datasets))
            if stop == start:
                raise ValueError(f'SwapDataset.branches.{name} must hold an '
                                 'image, got none')
            self._ranges[name] = range(start, stop)
            start = stop
        self._fully_initialized = True

    @force_full_init
    def branch_range(self, branch: str) -> range:
        """The indices of a branch.

        Args:
            branch: Name of the branch.

        Raises:
            KeyError: If there is no such branch.
        """
        if branch not in self._ranges:
            raise KeyError(f'branch must be one of {list(self._ranges)}, got '
                           f'{branch!r}')
        return self._ranges[branch]

    def set_branch_sizes(self, branch_sizes: Mapping[str, int]) -> None:
        """Note how many samples of each branch make a batch.

        Every sample carries the note to ``swap_collate``, the only one that
        sees how many arrive.

        Args:
            branch_sizes: Samples per batch and process of each branch.
        """
        self.branch_sizes = dict(branch_sizes)

    @force_full_init
    def __len__(self) -> int:
        """Number of images of all branches."""
        return self._ends[-1]

    def __getitem__(self, idx: int) -> Dict[str, Any]:
        """A sample and the branch it belongs to.

        Args:
            idx: Index of the sample, below zero counted from the end. A
                ``SeededIndex``, as ``SwapSampler`` gives it, seeds the random
                transforms.

        Returns:
            A dict with ``branch``, the branch's name, ``sample``, what the
            data set gives, and ``branch_sizes``, as expected by the sampler.

        Raises:
            IndexError: If there is no such sample.
        """
        dataset, inner, branch = self._locate(idx)
        with (seeded(idx.seed) if isinstance(idx, SeededIndex) else
              nullcontext()):
            sample = dataset[inner]
        return dict(
            branch=branch, sample=sample, branch_sizes=self.branch_sizes)

    def _locate(self, idx: int) -> Tuple[Any, int, str]:
        """The data set of a sample, the index in it and the branch."""
        idx = range(len(self))[idx]
        which = bisect.bisect_right(self._ends, idx)
        start = self._ends[which - 1] if which else 0
        branch = next(n for n, span in self._ranges.items() if idx in span)
        return self._flat[which], idx - start, branch


def _check_name(name: Any) -> None:
    """Refuse a name that cannot be a keyword of ``SwapModel.forward``."""
    if (not isinstance(name, str) or not name.isidentifier()
            or name in _RESERVED):
        raise ValueError(
            'SwapDataset.branches must be named by identifiers (retain, '
            f'learn, forget) other than {_RESERVED}, got {name!r}')


def _build(name: str, datasets: Any) -> List[Any]:
    """Build the data sets of a branch."""
    if not isinstance(datasets, (list, tuple)):
        datasets = [datasets]
    if not datasets:
        raise ValueError(f'SwapDataset.branches.{name} must have a data set, '
                         'got an empty list')
    return [DATASETS.build(d) if isinstance(d, dict) else d for d in datasets]


def _check_classes(branches: Mapping[str, List[Any]]) -> None:
    """Refuse data sets whose labels mean different classes."""
    first = None
    for name, datasets in branches.items():
        for dataset in datasets:
            found = {
                key: dataset.metainfo.get(key)
                for key in ('classes', 'swap_classes')
            }
            if first is None:
                first = found
            elif found != first:
                raise ValueError(
                    'SwapDataset.branches must agree on the classes, but '
                    f'those of {next(iter(branches))} start with {first} and '
                    f'{name} has {found}')
