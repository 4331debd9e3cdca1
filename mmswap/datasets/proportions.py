"""How many samples of what make a batch, and a pass of a branch."""
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

from mmswap.datasets.swap_dataset import SwapDataset

_KEY = 'train_dataloader.sampler'


def sizes_by_branch(branches: Sequence[str],
                    branch_sizes: Optional[Mapping[str, int]] = None,
                    retain: Optional[int] = None,
                    target: Optional[int] = None) -> Dict[str, int]:
    """The number of samples of each branch in a batch, after checks.

    Args:
        branches: The branches of the data set, in order.
        branch_sizes: Their sizes by name, or None.
        retain: The size of ``retain``, in place of ``branch_sizes``; 0 leaves
            that branch out.
        target: The size of the other branch.

    Returns:
        The sizes by name, in the order of the branches.

    Raises:
        TypeError: If ``branch_sizes`` is no dict.
        ValueError: If a branch has no size or one below 1, or a size has no
            branch.
    """
    numbers = dict(retain=retain, target=target)
    if branch_sizes is None:
        key, sizes = _KEY, _numbered(branches, numbers)
    elif any(size is not None for size in numbers.values()):
        raise ValueError(f'{_KEY}.branch_sizes must be left out where retain '
                         f'and target are given, got {branch_sizes} beside '
                         f'{numbers}')
    else:
        key, sizes = f'{_KEY}.branch_sizes', branch_sizes
        _check_names(branches, sizes)
    for name, size in sizes.items():
        least = 0 if (key, name) == (_KEY, 'retain') else 1
        if not isinstance(size, int) or isinstance(size, bool) or size < least:
            raise ValueError(f'{key}.{name} must be a number of samples of '
                             f'at least {least}, got {size!r}')
    if key == _KEY:
        sizes = {name: sizes['retain' if name == 'retain' else 'target']
                 for name in branches}
    return {name: sizes[name] for name in branches if sizes[name]}


def _numbered(branches: Sequence[str],
              numbers: Mapping[str, Any]) -> Mapping[str, Any]:
    """``retain`` and ``target``, if that is what the branches are."""
    if len(branches) != 2 or 'retain' not in branches:
        raise ValueError(f'{_KEY}.branch_sizes must have a size for each of '
                         f'the branches {list(branches)}, got None: retain '
                         'and target are for retain and one other')
    return numbers


def _check_names(branches: Sequence[str], sizes: Any) -> None:
    """Refuse sizes that are not those of the branches."""
    if not isinstance(sizes, Mapping):
        raise TypeError(f'{_KEY}.branch_sizes must be a dict with a size for '
                        f'each of {list(branches)}, got {sizes!r}')
    if set(sizes) != set(branches):
        raise ValueError(f'{_KEY}.branch_sizes must have a size for each of '
                         f'the branches {list(branches)} and no other, got '
                         f'{dict(sizes)}')


def draws_by_branch(
        dataset: SwapDataset,
        shares: Mapping[str, Union[str, Sequence[float]]]
) -> Dict[str, List[int]]:
    """How many samples each data set gives to a pass of its branch.

    Args:
        dataset: The data set with the branches.
        shares: The shares of the data sets of a branch, by its name, or
            ``'lengths'``.

    Raises:
        ValueError: If ``shares`` names no branch, or does not give each of a
            branch's data sets a positive number.
    """
    unknown = [name for name in shares if name not in dataset.branches]
    if unknown:
        raise ValueError(f'{_KEY}.shares must be of the branches '
                         f'{list(dataset.branches)}, got {unknown}')
    draws = {}
    for name in dataset.branches:
        lengths = list(map(len, dataset.branch_parts(name)))
        if shares.get(name) == 'lengths':
            draws[name] = lengths
        elif name in shares:
            draws[name] = _draws(lengths, _checked(name, shares[name],
                                                   len(lengths)))
        elif dataset.in_equal_shares:
            draws[name] = _draws(lengths, [1.] * len(lengths))
        else:
            draws[name] = lengths
    return draws


def _checked(name: str, shares: Any, number: int) -> List[float]:
    """The shares of a branch, after checks."""
    if (not isinstance(shares, Sequence) or len(shares) != number or
            not all(isinstance(s, (int, float)) and s > 0 for s in shares)):
        raise ValueError(f'{_KEY}.shares.{name} must have a positive number '
                         f'for each of the {number} data sets of the branch, '
                         f"or be 'lengths', got {shares!r}")
    return [float(share) for share in shares]


def _draws(lengths: Sequence[int], shares: Sequence[float]) -> List[int]:
    """Samples of each data set in a pass that shows the rarest one once.

    A data set without images, as those of classes that a later request
    learns, takes no part.
    """
    unit = max(length / share for length, share in zip(lengths, shares))
    return [max(1, round(unit * share)) if length else 0
            for length, share in zip(lengths, shares)]
