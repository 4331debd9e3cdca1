"""A fixed number of samples of each branch in every batch."""
from itertools import count, islice
from typing import Any, Dict, Iterator, Mapping, Optional, Sequence

import torch
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from mmswap.datasets.seeding import SeededIndex
from mmswap.datasets.swap_dataset import SwapDataset
from mmswap.registry import DATA_SAMPLERS

_KEY = 'train_dataloader.sampler.branch_sizes'


@DATA_SAMPLERS.register_module()
class SwapSampler(Sampler):
    """The indices of an epoch, a block of each branch for every batch.

    An epoch is one pass of the branch that the phase is about: as many
    batches as that branch needs to give each of its images once, the last one
    filled up from its next pass.

    Each branch is a stream: its indices are shuffled with the seed, gone
    through, shuffled again, and so on, whatever the length of the other
    branches. An epoch goes on with every stream where the one before it
    ended, so that all images of a branch are seen equally often. Each batch
    takes its samples from the streams in the order of the dataset's branches.
    Rank r of W takes every W-th index of a stream, beginning with the r-th,
    so that no two ranks meet the same sample within a pass and all ranks
    together see the samples that one process with W times the branch sizes
    would see. Every index is a ``SeededIndex``, so that the random transforms
    of a sample depend on the seed alone.

    Args:
        dataset: A ``SwapDataset``.
        branch_sizes: Samples per batch and process of each branch.
        batch_size: Their sum, for those who want it checked early (the
            batch itself is checked by ``swap_collate``). Defaults to None.
        seed: Seed of the shuffles, the same in all processes. None draws one
            and shares it. Defaults to None.
        shuffle: Whether to shuffle. Defaults to True.
        epoch_of: The branch that an epoch is one pass of. By default the one
            beside ``retain``; of several, the one that takes the most steps.

    Attributes:
        endless: Whether to go on where an epoch ends. Loops that count
            iterations restart a sampler that ends, and the workers with it,
            which costs seconds each time: ``SwapHook`` sets it for them. The
            samples are the same. False where nobody does.

    Raises:
        TypeError: If ``dataset`` is no ``SwapDataset`` or ``branch_sizes``
            no dict.
        ValueError: If ``branch_sizes`` does not give each branch a size of
            at least 1, ``batch_size`` is not their sum, or ``epoch_of`` is no
            branch.
    """

    def __init__(self,
                 dataset: SwapDataset,
                 branch_sizes: Mapping[str, int],
                 batch_size: Optional[int] = None,
                 seed: Optional[int] = None,
                 shuffle: bool = True,
                 epoch_of: Optional[str] = None) -> None:
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
        if epoch_of is not None and epoch_of not in sizes:
            raise ValueError('train_dataloader.sampler.epoch_of must be None '
                             f'or one of {list(sizes)}, got {epoch_of!r}')
        self.dataset = dataset
        self.branch_sizes = sizes
        self.rank, self.world_size = get_dist_info()
        self.seed = sync_random_seed() if seed is None else seed
        self.shuffle = shuffle
        targets = [name for name in sizes if name != 'retain'] or list(sizes)
        self.epoch_of = epoch_of or max(targets, key=self._steps_of)
        self.endless = False
        self._epoch = 0
        self._skipped = 0
        dataset.set_branch_sizes(sizes)

    def __iter__(self) -> Iterator[int]:
        """This rank's indices of the epoch, the same ones at every call."""
        first, rest = divmod(self._skipped, sum(self.branch_sizes.values()))
        steps = self._steps_of(self.epoch_of)
        epoch = first // steps + self._epoch
        if self._epoch:
            first, rest = epoch * steps, 0
        return islice(self._indices(first, (epoch + 1) * steps), rest, None)

    def __len__(self) -> int:
        """Samples of this rank in an epoch."""
        return self._steps_of(self.epoch_of) * sum(self.branch_sizes.values())

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that the next iteration gives; mmengine calls it.

        Args:
            epoch: Number of the epoch. The first one is 0, or that in which
                :meth:`skip` ended.
        """
        self._epoch = epoch

    def skip(self, num_samples: int) -> None:
        """Let the first epoch begin later, to resume a run.

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

    def _steps_of(self, name: str) -> int:
        """The number of batches that a pass of a branch takes."""
        length = len(self.dataset.branch_range(name))
        return -(-length // (self.branch_sizes[name] * self.world_size))

    def _indices(self, first: int, stop: int) -> Iterator[int]:
        """This rank's indices of the batches from ``first`` to ``stop``."""
        streams = {}
        for number, (name, size) in enumerate(self.branch_sizes.items()):
            stream = self._stream(number, name, first * size * self.world_size)
            streams[name] = islice(stream, self.rank, None, self.world_size)
        drawn = first * sum(self.branch_sizes.values()) * self.world_size
        numbers = count(drawn + self.rank, self.world_size)
        for step in count(first):
            # Asked anew each time: 0.10.7's iteration loop begins to iterate
            # before any hook is called.
            if step >= stop and not self.endless:
                return
            for name, size in self.branch_sizes.items():
                for index in islice(streams[name], size):
                    yield SeededIndex(index, (self.seed, next(numbers)))

    def _stream(self, number: int, name: str, start: int) -> Iterator[int]:
        """Endless passes through a branch, for all ranks together.

        Args:
            number: The branch's place in the order.
            name: The branch.
            start: How many indices to leave out.
        """
        span = self.dataset.branch_range(name)
        passes, start = divmod(start, len(span))
        generator = torch.Generator()
        # Branches of one length must not go through theirs in step.
        generator.manual_seed(self.seed + number)
        if self.shuffle:
            for _ in range(passes):
                torch.randperm(len(span), generator=generator)
        while True:
            order: Sequence[int] = range(len(span))
            if self.shuffle:
                order = torch.randperm(
                    len(span), generator=generator).tolist()
            yield from (span[i] for i in order[start:])
            start = 0


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
