"""What a SwapModel refuses to be built from."""
from typing import Any, Dict, Optional

_NEW_ROWS = ('train', 'frozen')
_TRAINS = ('adapter', 'all', 'from_scratch')


def check_training(trains: str, new_rows: str, new_rows_start: str,
                   adapter: Optional[Dict[str, Any]]) -> None:
    """Refuse what cannot be, or cannot be at once.

    Args:
        trains: ``model.trains``.
        new_rows: ``model.new_rows``.
        new_rows_start: ``model.new_rows_start``.
        adapter: ``model.adapter``.

    Raises:
        ValueError: If a value is unknown, or two do not go together.
    """
    for key, value, known in (('trains', trains, _TRAINS),
                              ('new_rows', new_rows, _NEW_ROWS)):
        if value not in known:
            raise ValueError(f'model.{key} must be one of {known}, got '
                             f'{value!r}')
    if trains != 'adapter' and (adapter or new_rows == 'frozen'):
        raise ValueError(
            f'model.adapter must be None and model.new_rows must be '
            f"'train' with model.trains={trains!r}, got {adapter} and "
            f'{new_rows!r}')
    if trains == 'from_scratch' and new_rows_start != 'mean':
        raise ValueError(
            "model.new_rows_start must be 'mean' with model.trains="
            "'from_scratch', where all rows are the stock model's own, got "
            f'{new_rows_start!r}')
