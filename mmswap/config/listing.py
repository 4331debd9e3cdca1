"""Many things in a line of a message."""
import difflib
from typing import Sequence


def listed(items: Sequence[str], most: int) -> str:
    """The first of some items, and how many more there are.

    Args:
        items: The items.
        most: How many are written out.
    """
    more = len(items) - most
    return ', '.join(items[:most]) + (f' and {more} more' if more > 0 else '')


def did_you_mean(unknown: Sequence[str], known: Sequence[str]) -> str:
    """What unknown names may have been meant for, whatever their case.

    Args:
        unknown: The names.
        known: Those that there are.

    Returns:
        A sentence for each that is like a known one; may be empty.
    """
    lower = {other.lower(): other for other in known}
    advice = []
    for name in unknown:
        found = [repr(lower[other]) for other in difflib.get_close_matches(
            name.lower(), lower, n=2)]
        if found:
            advice.append(f'{name!r}: did you mean {" or ".join(found)}?')
    return ' '.join(advice)
