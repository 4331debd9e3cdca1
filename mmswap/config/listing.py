"""Many things in a line of a message."""
from typing import Sequence


def listed(items: Sequence[str], most: int) -> str:
    """The first of some items, and how many more there are.

    Args:
        items: The items.
        most: How many are written out.
    """
    more = len(items) - most
    return ', '.join(items[:most]) + (f' and {more} more' if more > 0 else '')
