"""What a model is known to have scored, from a config or a json file."""
import os
from numbers import Real
from typing import Any, Dict, Mapping, Union

from mmengine.fileio import load

from mmswap.class_table import SPLITS

Scores = Union[Mapping[str, float], str, os.PathLike]


def read_scores(scores: Scores, key: str) -> Dict[str, float]:
    """Read the primary metrics of a model.

    Args:
        scores: A dict of them by split, with the keys ``forget`` or
            ``swap/forget`` and the like, or the path of a json file of one,
            such as mmengine's test loop leaves. Other keys are left alone.
        key: The config key that they stand at, for messages.

    Returns:
        The primary metrics by split, of ``retain``, ``forget`` and ``learn``
        those that there are.

    Raises:
        TypeError: If ``scores`` is neither, or a value is no number.
        ValueError: If the file has no dict, or there is no split in it.
    """
    if isinstance(scores, Mapping):
        return _by_split(scores, key)
    if not isinstance(scores, (str, os.PathLike)):
        raise TypeError(f'{key} must be a dict of metrics by split or the '
                        f'path of a json file, got {scores!r}')
    # By its format, not its name: load() would unpickle a .pkl.
    values = load(os.fspath(scores), file_format='json')
    if not isinstance(values, Mapping):
        raise ValueError(f'{key} must be a json file of metrics by name, got '
                         f'a {type(values).__name__} in {scores}')
    return _by_split(values, f'{key} ({scores})')


def check_forget(scores: Mapping[str, float], key: str) -> None:
    """Refuse scores from which no drop can be told.

    Args:
        scores: What :func:`read_scores` returned.
        key: The config key that they stand at, for messages.

    Raises:
        ValueError: If they do not tell of ``forget``.
    """
    if 'forget' not in scores:
        raise ValueError(
            f'{key} must have the key forget, the primary metric of the '
            f'classes to forget before the swap, got {scores}')


def _by_split(values: Mapping[str, Any], source: str) -> Dict[str, float]:
    """Pick the metric of each split, ``swap/<split>`` or ``<split>``."""
    found = {}
    for split in SPLITS:
        value = values.get(f'swap/{split}', values.get(split))
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, Real):
            raise TypeError(f'{source} must have numbers, got {value!r} for '
                            f'{split}')
        found[split] = float(value)
    if not found:
        raise ValueError(f'{source} must have some of the keys {SPLITS}, '
                         f"also written 'swap/<split>', got {list(values)}")
    return found
