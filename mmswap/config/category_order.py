"""The order in which plain COCO data sets number their labels.

mmdet's CocoDataset numbers its labels in the order of the categories in the
annotation file, whatever the order in ``metainfo``. ClassSubset goes by
names.
"""
from pathlib import Path
from typing import Any, Dict, Mapping, Tuple

from mmengine.config import Config

from mmswap.class_table import ClassTable
from mmswap.config.coco_categories import read_categories
from mmswap.config.types import is_mmswap_type, type_name, walk

# mmdet sorts these by the ids of the categories.
_BY_ID = ('Objects365V1Dataset', )


def category_order(parts: Mapping[str, Any],
                   table: ClassTable) -> Tuple[str, ...]:
    """The order in which plain data sets number the classes of a table.

    Args:
        parts: Parts of a config by their key, such as ``val_dataloader`` and
            ``val_evaluator``. Annotation files that are not there, or are no
            COCO json, do not count.
        table: The class table.

    Returns:
        All its names. Those that no file has come last; without a file the
        order is the table's.

    Raises:
        ValueError: If two files differ in their order, or one has stuff
            before things.
    """
    listed = _listed_names(parts, table)
    longest = max(listed.values(), key=len, default=())
    for key, names in listed.items():
        if names != longest[:len(names)]:
            other = next(k for k, v in listed.items() if v == longest)
            raise ValueError(
                f'{key} must list its categories in the same order as '
                f'{other}, {list(longest)}, got {list(names)}')
    order = (*longest, *(n for n in table.names if n not in longest))
    is_stuff = [name in table.stuff for name in order]
    if is_stuff != sorted(is_stuff):
        raise ValueError(
            f'{next(iter(listed))} must list all things before all stuff, as '
            f'the labels of a panoptic model go, got {list(order)} with '
            f'stuff={list(table.stuff)}')
    return order


def check_category_order(cfg: Config) -> None:
    """Refuse data that a SwapEvaluator would score under wrong names.

    Args:
        cfg: The config of a phase.

    Raises:
        ValueError: If a data set to validate or test on is in no ClassSubset,
            and its annotation file lists the classes in another order than
            the class table.
    """
    if not is_mmswap_type(cfg.get('model'), 'SwapModel'):
        return
    table = ClassTable.from_cfg(cfg.model.classes)
    for split in ('val', 'test'):
        if not is_mmswap_type(cfg.get(f'{split}_evaluator'), 'SwapEvaluator'):
            continue
        key = f'{split}_dataloader'
        plain = _without_subsets(cfg.get(key))
        for path, names in _listed_names({key: plain}, table).items():
            if names != table.names[:len(names)]:
                raise ValueError(
                    f'{path} must list its categories in the order of the '
                    f'class table, {list(table.names)}, got {list(names)}; '
                    "or put the data set into a mmswap.ClassSubset with "
                    "keep='all', which goes by their names")


def _without_subsets(part: Any) -> Any:
    """A part of a config with nothing in place of each ClassSubset."""
    if is_mmswap_type(part, 'ClassSubset'):
        return None
    if isinstance(part, dict):
        return {key: _without_subsets(value) for key, value in part.items()}
    if isinstance(part, (list, tuple)):
        return [_without_subsets(value) for value in part]
    return part


def _listed_names(parts: Mapping[str, Any],
                  table: ClassTable) -> Dict[str, Tuple[str, ...]]:
    """The table's classes as each annotation file lists them.

    By ``<dotted key> (<path of the file>)``.
    """
    listed = {}
    for key, part in walk(dict(parts)):
        file = part.get('ann_file') if isinstance(part, dict) else None
        if not isinstance(file, str) or not file.endswith('.json'):
            continue
        path = Path(part.get('data_root') or '') / file
        if not path.is_file():
            continue
        try:
            categories = read_categories(str(path))
        except (KeyError, TypeError, ValueError):
            continue  # A json of another kind.
        ids = list(categories)
        if type_name(part.get('type')) in _BY_ID:
            ids = sorted(ids)
        listed[f'{key}.ann_file ({path})'] = tuple(
            categories[i] for i in ids if categories[i] in table.names)
    return listed
