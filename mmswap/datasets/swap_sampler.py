"""A fixed number of samples of each branch in every batch."""
from itertools import count, islice
from typing import Iterator, Mapping, Optional, Sequence, Union

import torch
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from mmswap.datasets.proportions import draws_by_branch, sizes_by_branch
from mmswap.datasets.seeding import SeededIndex, mix_seed
from mmswap.datasets.swap_dataset import SwapDataset
from mmswap.registry import DATA_SAMPLERS


@DATA_SAMPLERS.register_module()
class SwapSampler(Sampler):
    """The indices of an epoch, a block of each branch for every batch.

    An epoch is one pass of the branch that the phase is about: as many
    batches as that branch needs to give each of its images once, the last one
    filled up from its next pass. Where a branch is made of several data sets,
    a pass shows them in their shares: that which is largest for its share
    once, the others as often as it takes.

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
        branch_sizes: Samples per batch and process of each branch, where
            these are not ``retain`` and one other. Defaults to None.
        batch_size: Their sum, for those who want it checked early (a Runner
            with a ``SwapHook`` checks it before it trains). Defaults to None.
        seed: Seed of the shuffles, the same in all processes. None draws one
            and shares it. Defaults to None.
        shuffle: Whether to shuffle. Defaults to True.
        epoch_of: The branch that an epoch is one pass of. By default the one
            beside ``retain``; of several, the one that takes the most steps.
        retain: Samples per batch and process of the branch ``retain``. 0
            leaves it out, for ``LearnObjective(retain_weight=0)``.
        target: The same of the other branch, whose name depends on the
            phase: ``learn`` or ``forget``.
        shares: How often the data sets of a branch are seen in relation to
            one another, such as ``dict(retain=(2, 1))`` for two old images on
            one new, or ``dict(retain='lengths')``, every image equally often.
            By default old and new images are seen equally often (as
            was best, or near it, with digit scenes of which 2,000 were old
            and 500 new, docs/digits.md), and the data sets of
            ``SwapDataset(branches=...)`` by their lengths.

    Attributes:
        endless: Whether to go on where an epoch ends. Loops that count
            iterations restart a sampler that ends, and the workers with it,
            which costs seconds each time: ``SwapHook`` sets it for them. The
            samples are the same. False where nobody does.

    Raises:
        TypeError: If ``dataset`` is no ``SwapDataset`` or ``branch_sizes``
            no dict.
        ValueError: If not every branch has a size of at least 1 (``retain``
            of 0), ``batch_size`` is not their sum, ``epoch_of`` is no branch,
            or ``shares`` do not fit the data sets of a branch.
    """

    def __init__(self,  # noqa: PLR0913
                 dataset: SwapDataset,
                 branch_sizes: Optional[Mapping[str, int]] = None,
                 batch_size: Optional[int] = None,
                 seed: Optional[int] = None,
                 shuffle: bool = True,
                 epoch_of: Optional[str] = None,
                 retain: Optional[int] = None,
                 target: Optional[int] = None,
                 shares: Optional[Mapping[str, Union[
                     str, Sequence[float]]]] = None) -> None:
        if not isinstance(dataset, SwapDataset):
            raise TypeError('train_dataloader.dataset must be a mmswap.'
                            'SwapDataset where the sampler is a mmswap.'
                            f'SwapSampler, got {type(dataset).__name__}')
        sizes = sizes_by_branch(
            list(dataset.branches), branch_sizes, retain, target)
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
        self.draws = draws_by_branch(dataset, shares or {})
        targets = [name for name in sizes if name != 'retain'] or list(sizes)
        self.epoch_of = epoch_of or max(targets, key=self._steps_of)
        self.endless = False
        self._epoch = 0
        self._skipped = 0

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
        length = sum(self.draws[name])
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
        parts, draws = self.dataset.branch_parts(name), self.draws[name]
        passes, start = divmod(start, sum(draws))
        generator = torch.Generator()
        # Branches of one length must not go through theirs in step.
        generator.manual_seed(self.seed + number)
        cycles = [_cycle(part, (self.seed, number, place), self.shuffle)
                  for place, part in enumerate(parts)]
        if self.shuffle:
            for _ in range(passes):
                torch.randperm(sum(draws), generator=generator)
        for passed in count(passes):
            pool = [index for part, cycle, drawn in zip(parts, cycles, draws)
                    for index in _drawn(part, cycle, drawn, passed)]
            order: Sequence[int] = range(len(pool))
            if self.shuffle:
                order = torch.randperm(
                    len(pool), generator=generator).tolist()
            yield from (pool[i] for i in order[start:])
            start = 0


def _cycle(part: range, seed: Sequence[int], shuffle: bool) -> Sequence[int]:
    """The order in which a data set gives what is less than all of it."""
    if not shuffle:
        return part
    generator = torch.Generator()
    generator.manual_seed(mix_seed(seed))
    order = torch.randperm(len(part), generator=generator).tolist()
    return [part[i] for i in order]


def _drawn(part: range, cycle: Sequence[int], drawn: int,
           passed: int) -> Iterator[int]:
    """What a data set gives to a pass: all of it so often, and some more.

    Which ones these are goes on from pass to pass, so that all its images are
    seen equally often.
    """
    if not drawn:
        return
    times, more = divmod(drawn, len(part))
    for _ in range(times):
        yield from part
    for i in range(passed * more, (passed + 1) * more):
        yield cycle[i % len(part)]
