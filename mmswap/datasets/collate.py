"""A batch with its branches apart."""
from typing import Any, Dict, List, Mapping, Sequence

from mmengine.dataset import pseudo_collate

from mmswap.registry import FUNCTIONS


@FUNCTIONS.register_module()
def swap_collate(items: Sequence[Mapping[str, Any]]) -> Dict[str, Any]:
    """Part the samples of a batch by branch and collate each branch.

    Args:
        items: Samples of a ``SwapDataset``.

    Returns:
        For each branch, in the order in which they arrive, what mmengine's
        ``pseudo_collate`` makes of its samples: for mmdet a dict of the
        lists ``inputs`` and ``data_samples``.

    Raises:
        TypeError: If a sample does not come from a ``SwapDataset``.
        ValueError: If the branches do not have the sizes that the sampler
            expects.
    """
    branches: Dict[str, List[Any]] = {}
    for item in items:
        if not isinstance(item, Mapping) or 'branch' not in item:
            raise TypeError('train_dataloader.dataset must be a mmswap.'
                            'SwapDataset where collate_fn is mmswap.'
                            'swap_collate, got a sample without a branch')
        branches.setdefault(item['branch'], []).append(item['sample'])
    expected = items[0]['branch_sizes']
    found = {name: len(samples) for name, samples in branches.items()}
    if expected is not None and found != expected:
        raise ValueError(
            f'train_dataloader.batch_size must be {sum(expected.values())} '
            f'(= sampler.branch_sizes {expected}), got {len(items)} samples: '
            f'{found}')
    return {
        name: pseudo_collate(samples)
        for name, samples in branches.items()
    }
