"""Which labels of the class table a data set is to show."""
from typing import Any, Optional, Set, Tuple

from mmswap.class_table import ALL_SPLITS, ClassTable


def kept_and_unwanted(table: ClassTable, keep: Any,
                      without: Any) -> Tuple[Set[int], Set[int]]:
    """The labels of the splits that ``keep`` and ``without`` name.

    Args:
        table: The class table.
        keep: A split, ``'all'``, or a sequence of splits.
        without: The same, or None; the splits may have no class.

    Raises:
        ValueError: If one names no split, there is no class in ``keep``, or
            both name the same class.
    """
    kept = _labels(table, keep)
    if not kept:
        raise ValueError(
            f"keep must be 'all', one of {ALL_SPLITS} or a sequence of them, "
            f'and there must be a class in it, got {keep!r} of {table}')
    unwanted = _labels(table, without or ())
    if unwanted is None or unwanted & kept:
        raise ValueError(
            f'without must be None, one of {ALL_SPLITS} or a sequence of '
            f'them, and no split that is kept, got {without!r}')
    return kept, unwanted


def shown_labels(table: ClassTable, showing: Any,
                 unwanted: Set[int]) -> Set[int]:
    """The labels of the splits that ``showing`` names.

    Args:
        table: The class table.
        showing: A split, a sequence of splits, or None for none.
        unwanted: The labels that no image may show.

    Raises:
        ValueError: If one names no split, there is no class in them, or one
            is unwanted.
    """
    if showing is None:
        return set()
    shown = _labels(table, showing)
    if not shown or shown & unwanted:
        raise ValueError(
            f'showing must be None, one of {ALL_SPLITS} or a sequence of '
            'them, and there must be a class in it that without does not '
            f'name, got {showing!r} of {table}')
    return shown


def _labels(table: ClassTable, splits: Any) -> Optional[Set[int]]:
    """The labels of some splits; None if one is no split."""
    try:
        return set(table.labels(splits))
    except (TypeError, ValueError):
        return None
