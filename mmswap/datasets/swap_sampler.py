"""A fixed number of samples of each branch in every batch."""
from itertools import count, islice
from typing import Any, Dict, Iterator, Mapping, Optional

import torch
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from mmswap.datasets.seeding import SeededIndex
from mmswap.datasets.swap_dataset import SwapDataset
from mmswap.registry import DATA_SAMPLERS

_KEY = 'train_dataloader.sampler.branch_sizes'


@DATA_SAMPLERS.register_module()
class SwapSampler(Sampler):
    """Endless indices, a block of each branch for every batch.

    Each branch is an endless stream: its indices are shuffled with the seed,
    gone through, shuffled again, and so on, whatever the length of the other
    branches. Each batch takes its samples from the streams in the order of
    the dataset's branches. Rank r of W takes every W-th index of a stream,
    beginning with the r-th, so that no two ranks meet the same sample within
    a pass and all ranks together see the samples that one process with W
    times the branch sizes would see. Every index is a ``SeededIndex``, so that
    the random transforms of a sample hang on the seed alone.

    Args:
        dataset: A ``SwapDataset``.
        branch_sizes: Samples per batch and process of each branch.
        batch_size: Their sum, for those who want it checked early (the
            batch itself is checked by ``swap_collate``). Defaults to None.
        seed: Seed of the shuffles, the same in all processes. None draws one
            and shares it. Defaults to None.
        shuffle: Whether to shuffle. Defaults to True.

    Raises:
        TypeError: If ``dataset`` is no ``SwapDataset`` or ``branch_sizes``
            no dict.
        ValueError: If ``branch_sizes`` does not give each branch a size of
            at least 1, or ``batch_size`` is not their sum.
    """

    def __init__(self,
                 dataset: SwapDataset,
                 branch_sizes: Mapping[str, int],
                 batch_size: Optional[int] = None,
                 seed: Optional[int] = None,
                 shuffle: bool = True) -> None:
        if not isinstance(dataset, SwapDataset):
            raise TypeError('train_dataloader.dataset must be a mmswap.'
                            'SwapDataset where the sampler is a mmswap.'
                            f'SwapSampler, got {type(dataset).__name__}')
        sizes = _check_sizes(branch_sizes, dataset)
        total = sum(sizes.values())
        if batch_size is not None and batch_size != total:
            raise ValueError('train_dataloader.sampler.batch_size must be '
                             f'{total}, the sum of branch_sizes {sizes}, got '
                             f'{batch_size!r}')
        self.dataset = dataset
        self.branch_sizes = sizes
        self.rank, self.world_size = get_dist_info()
        self.seed = sync_random_seed() if seed is None else seed
        self.shuffle = shuffle
        self._skipped = 0
        dataset.set_branch_sizes(sizes)

    def __iter__(self) -> Iterator[int]:
        """Endless indices of this rank, the same ones at every call."""
        return islice(self._indices(), self._skipped, None)

    def __len__(self) -> int:
        """Samples of this rank until each branch is gone through once.

        A nominal length: the sampler has no end, so train with
        ``IterBasedTrainLoop(max_iters=...)``. mmengine's ``LoggerHook`` asks
        for a length at every iteration, and a parameter scheduler with
        ``convert_to_iter_based`` takes it for that of an epoch.
        """
        steps = max(-(-len(self.dataset.branch_range(name)) //
                      (size * self.world_size))
                    for name, size in self.branch_sizes.items())
        return steps * sum(self.branch_sizes.values())

    def set_epoch(self, epoch: int) -> None:
        """Do nothing; the streams have no epochs. mmengine's hooks call it."""

    def skip(self, num_samples: int) -> None:
        """Let the next iteration begin later, to resume a run.

        Args:
            num_samples: Number of this rank's indices to leave out, counted
                from the beginning of the streams.

        Raises:
            ValueError: If ``num_samples`` is negative.
        """
        if num_samples < 0:
            raise ValueError('num_samples must be at least 0, got '
                             f'{num_samples}')
        self._skipped = num_samples

    def _indices(self) -> Iterator[int]:
        """Endless indices of this rank, from the beginning."""
        streams = {
            name: islice(
                self._stream(number, name), self.rank, None, self.world_size)
            for number, name in enumerate(self.branch_sizes)
        }
        numbers = count(self.rank, self.world_size)
        while True:
            for name, size in self.branch_sizes.items():
                for index in islice(streams[name], size):
                    yield SeededIndex(index, (self.seed, next(numbers)))

    def _stream(self, number: int, name: str) -> Iterator[int]:
        """Endless passes through a branch, for all ranks together."""
        span = self.dataset.branch_range(name)
        generator = torch.Generator()
        # Branches of one length must not go through theirs in step.
        generator.manual_seed(self.seed + number)
        while True:
            if self.shuffle:
                order = torch.randperm(len(span), generator=generator)
                yield from (span[i] for i in order.tolist())
            else:
                yield from span


def _check_sizes(branch_sizes: Any, dataset: SwapDataset) -> Dict[str, int]:
    """The sizes in the order of the dataset's branches, after checks."""
    branches = list(dataset.branches)
    if not isinstance(branch_sizes, Mapping):
        raise TypeError(f'{_KEY} must be a dict with a size for each of '
                        f'{branches}, got {branch_sizes!r}')
    if set(branch_sizes) != set(branches):
        raise ValueError(f'{_KEY} must have a size for each of the branches '
                         f'{branches} and no other, got {dict(branch_sizes)}')
    for name, size in branch_sizes.items():
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise ValueError(f'{_KEY}.{name} must be a number of samples of '
                             f'at least 1, got {size!r}')
    return {name: branch_sizes[name] for name in branches}
