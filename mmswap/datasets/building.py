"""The data sets of the branches, built and checked."""
from typing import Any, Dict, List, Mapping

from mmswap.datasets.reading import naming_branch
from mmswap.registry import DATASETS

# Branches reach SwapModel.forward as keyword arguments beside these.
_RESERVED = ('inputs', 'data_samples', 'mode', 'branch')


def build_branches(branches: Mapping[str, Any]) -> Dict[str, List[Any]]:
    """Build the data sets of each branch.

    Args:
        branches: For each branch a data set or a list of data sets, built or
            as configs.

    Raises:
        TypeError: If it is no dict.
        ValueError: If there is no branch, one has no data set or a name that
            can be no keyword of ``SwapModel.forward``, or the data sets have
            different classes.
    """
    if not isinstance(branches, Mapping):
        raise TypeError('SwapDataset.branches must be a dict of data sets, '
                        f'got {branches!r}')
    if not branches:
        raise ValueError('SwapDataset.branches must have a branch, got none')
    built = {}
    for name, datasets in branches.items():
        _check_name(name)
        built[name] = _build(name, datasets)
    _check_one_table(built)
    return built


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
    with naming_branch(name):
        return [
            DATASETS.build(d) if isinstance(d, dict) else d for d in datasets
        ]


def _check_one_table(branches: Mapping[str, List[Any]]) -> None:
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
