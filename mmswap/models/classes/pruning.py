"""A model without the rows of some of its classes."""
import copy
from typing import Any, Dict, Sequence, Tuple

from mmengine.logging import print_log
from mmengine.registry import MODELS
from torch import Tensor

from mmswap.class_table import ClassTable
from mmswap.models.classes.growth import shrink_config
from mmswap.models.classes.rows import find_class_rows


def prune_classes(state: Dict[str, Tensor], model: Dict[str, Any],
                  table: ClassTable, gone: Sequence[str]
                  ) -> Tuple[Dict[str, Any], ClassTable]:
    """Take the rows of some classes out of a stock model's state dict.

    The smaller model is built and compared with the larger one, as when
    classes are learned. Rows that stay keep every bit.

    Args:
        state: The state dict, changed in place.
        model: Config of the stock model, with all classes of the table; not
            changed.
        table: The class table, in the order of ``state``.
        gone: The names that go, some of the table's, not all.

    Returns:
        The config of the model without them, and the table of those that
        stay, in the same order.

    Raises:
        ValueError: If the model has class tensors that are not understood.
    """
    pruned_cfg, report = shrink_config(model, table, gone)
    pruned = MODELS.build(copy.deepcopy(pruned_cfg)).state_dict()
    is_gone = tuple(name in gone for name in table.names)
    things = tuple(
        each for each, name in zip(is_gone, table.names)
        if name not in table.stuff)
    for key, rows in find_class_rows(pruned, state,
                                     [is_gone, things]).items():
        state[key] = rows.shrink(state[key])
    print_log(f'mmswap: pruned {", ".join(report)}', 'current')
    kept = [name for name in table.names if name not in gone]
    stuff = [name for name in table.stuff if name not in gone]
    return pruned_cfg, ClassTable(kept, stuff=stuff)
