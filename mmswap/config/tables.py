"""The class table, which stands in several parts of a config."""
from typing import Any, Dict, Iterator, Mapping, Tuple

from mmengine.config import Config

from mmswap.class_table import ClassTable
from mmswap.config.types import is_mmswap_type, walk

_HOLDERS = ('SwapModel', 'SwapDataset', 'ClassSubset', 'SwapEvaluator')


def table_holders(cfg: Config) -> Iterator[Tuple[str, Dict[str, Any]]]:
    """Find the parts of a config that have a class table.

    Args:
        cfg: A config.

    Yields:
        The dotted path of each ``SwapModel``, ``SwapDataset``,
        ``ClassSubset`` and ``SwapEvaluator`` with the key ``classes``, and
        that part itself.
    """
    for path, part in walk(cfg):
        if isinstance(part, dict) and 'classes' in part and any(
                is_mmswap_type(part, holder) for holder in _HOLDERS):
            yield path, part


def check_tables(cfg: Config) -> None:
    """Refuse a config whose parts have different class tables.

    A config writes the table once, as its top-level ``classes``, and copies
    it to the model, the data sets and the evaluator. An override of
    ``classes`` alone does not reach those copies.

    Args:
        cfg: A config.

    Raises:
        ValueError: If two parts differ. The message shows both.
    """
    found = {path: part['classes'] for path, part in table_holders(cfg)}
    given = cfg.get('classes')
    # Configs of plain models may have a tuple of names there.
    if isinstance(given, Mapping) and 'base' in given:
        found = {'classes': given, **found}
    paths = list(found)
    for path in paths[1:]:
        table, first = (ClassTable.from_cfg(found[key])
                        for key in (path, paths[0]))
        if table != first:
            name, other = _dotted(path), _dotted(paths[0])
            raise ValueError(
                f'{name} must be the same class table as {other}, '
                f'{first.as_dict()}, got {table.as_dict()}. Change classes in '
                'the config file that writes the table, or override every '
                'copy of it')


def _dotted(path: str) -> str:
    return path if path == 'classes' else f'{path}.classes'
