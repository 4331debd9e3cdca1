"""Whether a data loader makes the batches that its sampler is made for."""
from torch.utils.data import BatchSampler, DataLoader

from mmswap.datasets import SwapSampler


def check_batches(loader: DataLoader) -> None:
    """Refuse batches with another number of samples of a branch.

    Args:
        loader: The data loader of the training.

    Raises:
        ValueError: If a ``SwapSampler`` gives the samples and the batches are
            of another size, or are put together by another rule.
    """
    batches = loader.batch_sampler
    # Without a batch sampler of its own the loader has its sampler twice.
    sampler = getattr(batches, 'sampler', loader.sampler)
    if not isinstance(sampler, SwapSampler):
        return
    if type(batches) is not BatchSampler:
        raise ValueError(
            'train_dataloader.batch_sampler must be None with a mmswap.'
            'SwapSampler, which gives the samples of a batch in a row, got '
            f'{type(batches).__name__}')
    sizes = sampler.branch_sizes
    if batches.batch_size != sum(sizes.values()):
        raise ValueError(
            f'train_dataloader.batch_size must be {sum(sizes.values())}, as '
            f'the sampler gives {sizes}, got {batches.batch_size}')
