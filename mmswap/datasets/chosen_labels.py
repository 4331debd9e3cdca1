"""Which labels the splits stand for that a ClassSubset is given."""
from typing import Any, Optional, Set

from mmswap.class_table import ALL_SPLITS, ClassTable


def labels_to_keep(table: ClassTable, keep: Any) -> Set[int]:
    """The labels that ``keep`` of a ``ClassSubset`` stands for.

    Args:
        table: The class table.
        keep: A split, ``all`` or a sequence of splits.

    Raises:
        ValueError: If it is something else, or there is no class in it.
    """
    try:
        labels = set(table.labels(keep))
    except (TypeError, ValueError):
        labels = set()
    if not labels:
        raise ValueError(
            f"keep must be 'all', one of {ALL_SPLITS} or a sequence of them, "
            f'and there must be a class in it, got {keep!r} of {table}')
    return labels


def labels_without(table: ClassTable, without: Any,
                   keep: Set[int]) -> Set[int]:
    """The labels that ``without`` of a ``ClassSubset`` stands for.

    Args:
        table: The class table.
        without: None, a split or a sequence of splits; they may be empty.
        keep: The labels that are kept.

    Raises:
        ValueError: If it is something else, or names a class that is kept.
    """
    labels: Optional[Set[int]] = None
    try:
        labels = set(table.labels(without or ()))
    except (TypeError, ValueError):
        pass
    if labels is None or labels & keep:
        raise ValueError(
            f'without must be None, one of {ALL_SPLITS} or a sequence of '
            f'them, and no split that is kept, got {without!r}')
    return labels
