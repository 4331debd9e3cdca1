"""The classes of a model in another order."""
import copy
from typing import Any, Dict, List, Sequence

import torch
from mmengine.registry import MODELS
from torch import Tensor

from mmswap.class_table import ClassTable
from mmswap.models.classes.growth import grow_config
from mmswap.models.classes.rows import ClassRows, find_class_rows


def reorder_classes(state: Dict[str, Tensor], model: Dict[str, Any],
                    table: ClassTable, order: Sequence[str]) -> None:
    """Permute the class rows of a stock model's state dict, in place.

    Where they stand is found as when classes are learned: by building the
    model with one class more.

    Args:
        state: The state dict.
        model: Config of the stock model, with all classes of the table.
        table: The class table, in the order of ``state``.
        order: The same names in the order to have; in a panoptic model all
            things before all stuff.

    Raises:
        ValueError: If ``order`` does not have the table's names, or the model
            has class tensors that are not understood.
    """
    if sorted(order) != sorted(table.names):
        raise ValueError(f'order must be one of {list(table.names)}, got '
                         f'{list(order)}')
    labels = [table.names.index(name) for name in order]
    for key, rows in _find_rows(state, model, table).items():
        state[key] = _permute(state[key], rows, labels)


def _find_rows(state: Dict[str, Tensor], model: Dict[str, Any],
               table: ClassTable) -> Dict[str, ClassRows]:
    """Where the classes stand in each tensor that has a row for each."""
    more = [max(table.names, key=len) + ' more']
    stuff = list(table.stuff)
    if stuff:
        more.append(more[0] + ' stuff')
        stuff.append(more[1])
    wider = ClassTable(table.names, more, stuff=stuff)
    grown_cfg, _ = grow_config(model, wider)
    grown = MODELS.build(copy.deepcopy(grown_cfg)).state_dict()
    things = tuple(
        new for new, name in zip(wider.is_new, wider.names)
        if name not in stuff)
    return find_class_rows(state, grown, [wider.is_new, things])


def _permute(tensor: Tensor, rows: ClassRows,
             labels: List[int]) -> Tensor:
    """One tensor with its class rows in the order of ``labels``.

    A tensor of the things alone takes the first of them.
    """
    split = tensor.movedim(rows.dim, 0).unflatten(0, (rows.blocks, -1))
    end = rows.width * rows.num_base
    classes = split[:, :end].unflatten(1, (rows.num_base, rows.width))
    classes = classes[:, labels[:rows.num_base]].flatten(1, 2)
    moved = torch.cat((classes, split[:, end:]), 1).flatten(0, 1)
    return moved.movedim(0, rows.dim).contiguous()
