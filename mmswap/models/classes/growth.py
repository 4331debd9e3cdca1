"""Room for new classes: growing a K-class model to K + N classes, and back.

The stock config is built twice, as it is and with every class count raised;
:mod:`mmswap.models.classes.rows` compares the shapes of the two.
"""
import copy
from itertools import compress
from typing import (
    Any,
    Callable,
    Dict,
    List,
    Mapping,
    Optional,
    Sequence,
    Tuple,
)

from mmengine.logging import print_log
from mmengine.model import BaseModel
from mmengine.registry import MODELS as MMENGINE_MODELS
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from mmswap.class_table import ClassTable
from mmswap.models.classes.rows import ClassRows, find_class_rows

_COUNT_KEYS = ('num_classes', 'num_things_classes', 'num_stuff_classes')


def build_grown(
    model: Dict[str, Any], table: ClassTable
) -> Tuple[BaseModel, Dict[str, Any], Dict[str, ClassRows]]:
    """Build a stock model with room for the new classes.

    Args:
        model: Config of the K-class model; not changed.
        table: The class table, K + N classes.

    Returns:
        The model with K + N classes, its config, and where the classes stand
        in each tensor that grew, by state dict key.

    Raises:
        TypeError: If ``model`` is no config.
        ValueError: As :func:`grow_config` and :func:`find_class_rows`, and if
            no tensor grows.
    """
    if not isinstance(model, Mapping):
        raise TypeError('model.model must be the config of a stock model, '
                        f'got {type(model).__name__}')
    if table.learned_before:
        # The checkpoint has the classes that earlier requests learned, the
        # stock config does not.
        model, _ = grow_config(
            model, ClassTable(table.base, table.learned_before, stuff=[
                name for name in table.stuff if name in table.known]))
        table = ClassTable(table.known, table.learn, stuff=table.stuff)
    grown_cfg, grown = grow_config(model, table)
    inner = MMENGINE_MODELS.build(copy.deepcopy(grown_cfg))
    if not table.num_learn:
        return inner, grown_cfg, {}
    with _Undrawn():
        base = MMENGINE_MODELS.build(copy.deepcopy(dict(model)))
    things = tuple(
        new for new, name in zip(table.is_new, table.names)
        if name not in table.stuff)
    rows = find_class_rows(base.state_dict(), inner.state_dict(),
                           [table.is_new, things])
    if not rows:
        raise ValueError(
            f'model must have tensors with a row for each class, but none of '
            f'{model.get("type")!r} grows with {", ".join(grown)}; a model '
            'prompted by class names learns a class by its name')
    print_log(f'mmswap: grew {", ".join(grown)}', 'current')
    return inner, grown_cfg, rows


class _Undrawn(TorchFunctionMode):
    """Builds modules whose parameters have no values yet, only shapes.

    Drawing them is most of the time that building a model takes. torch's meta
    device would do, too, but not for a model that reads values while it is
    built, as mmdet's ``SwinTransformer`` does its rates of stochastic depth.
    """

    def __torch_function__(self,
                           func: Callable[..., Any],
                           types: Sequence[type],
                           args: Tuple[Any, ...] = (),
                           kwargs: Optional[Dict[str, Any]] = None) -> Any:
        """Leave out what fills a tensor in place."""
        kwargs = kwargs or {}
        is_init = getattr(func, '__module__', '') == nn.init.__name__
        if is_init or func in (Tensor.normal_, Tensor.uniform_):
            return args[0] if args else kwargs['tensor']
        return func(*args, **kwargs)


def grow_config(cfg: Dict[str, Any],
                table: ClassTable) -> Tuple[Dict[str, Any], List[str]]:
    """Raise every class count of a stock model config by the new classes.

    ``num_classes`` counts all classes, or, in a panoptic model, the things
    alone; ``num_things_classes`` and ``num_stuff_classes`` count theirs.
    ``class_weight`` lists grow too; a new class gets the weight of the last
    base class.

    Args:
        cfg: Config of the K-class model; not changed.
        table: The class table; without learned classes the counts are only
            checked.

    Returns:
        The grown config and what was grown, one
        ``'bbox_head.num_classes: 80 -> 85'`` an entry.

    Raises:
        ValueError: If the config has no class count, or one that is not the
            table's.
    """
    grown = copy.deepcopy(cfg)
    growth = _Growth(table)
    growth.visit(grown, '')
    if growth.wrong:
        raise ValueError(
            'classes.base must name the classes of the model, one each, and '
            f'classes.stuff its stuff classes: they name {table.num_base} and '
            f'{growth.stuff[0]}, but the model config has '
            f'{", ".join(growth.wrong)}')
    if not growth.report:
        raise ValueError(
            f'model must be a config with a class count, one of '
            f'{_COUNT_KEYS}, equal to the {table.num_base} classes.base; got '
            f'a {cfg.get("type")!r} without one')
    return grown, growth.report


def shrink_config(cfg: Dict[str, Any], table: ClassTable,
                  gone: Sequence[str]) -> Tuple[Dict[str, Any], List[str]]:
    """Lower every class count of a stock model config by some classes.

    Args:
        cfg: Config of the model with all classes of the table; not changed.
        table: The class table.
        gone: The names that go, some of the table's, not all.

    Returns:
        The smaller config and what became smaller, as :func:`grow_config`.

    Raises:
        ValueError: If the config has a class count that is not the table's.
    """
    shrunk = copy.deepcopy(cfg)
    shrinkage = _Shrinkage(table, gone)
    shrinkage.visit(shrunk, '')
    if shrinkage.wrong:
        raise ValueError(
            f'model must have the {len(table)} classes of the class table, '
            f'but its config has {", ".join(shrinkage.wrong)}')
    return shrunk, shrinkage.report


class _Growth:
    """One walk over a model config, raising class counts in place."""

    def __init__(self, table: ClassTable) -> None:
        # Counts before and after.
        self.every = (table.num_base, len(table))
        self.stuff = (len(set(table.base) & set(table.stuff)),
                      len(table.stuff))
        self.things = (self.every[0] - self.stuff[0],
                       self.every[1] - self.stuff[1])
        self.table = table
        self.report: List[str] = []
        self.wrong: List[str] = []

    def visit(self, node: Any, path: str) -> None:
        """Grow one node of the config tree and what is below it."""
        if isinstance(node, (list, tuple)):
            for index, child in enumerate(node):
                self.visit(child, f'{path}.{index}')
        if not isinstance(node, dict):
            return
        for key, value in node.items():
            at = f'{path}.{key}'.lstrip('.')
            if key in _COUNT_KEYS:
                node[key] = self._count(key, value, at)
            elif key == 'class_weight' and isinstance(value, (list, tuple)):
                node[key] = self._weights(list(value), at)
            else:
                self.visit(value, at)

    def _count(self, key: str, value: Any, at: str) -> Any:
        """A class count as it becomes."""
        known = {
            'num_classes': (self.every, self.things),
            'num_things_classes': (self.things, ),
            'num_stuff_classes': (self.stuff, ),
        }[key]
        # Models without classes say None, 0 or less; a class-agnostic RPN
        # counts one foreground class.
        if not isinstance(value, int) or value < 1 or (value == 1
                                                       and 'rpn' in at):
            return value
        for before, after in known:
            if value == before:
                self.report.append(f'{at}: {before} -> {after}')
                return after
        self.wrong.append(f'{at}={value}')
        return value

    def _weights(self, weights: List[float], at: str) -> List[float]:
        """One weight a class, and perhaps one more, of no class."""
        num_base = self.every[0]
        if not num_base <= len(weights) <= num_base + 1:
            self.wrong.append(f'{at} of length {len(weights)}')
            return weights
        left = iter(weights)
        grown = [
            weights[num_base - 1] if new else next(left)
            for new in self.table.is_new
        ] + list(left)
        self.report.append(f'{at}: {len(weights)} -> {len(grown)} weights')
        return grown


class _Shrinkage(_Growth):
    """The same walk, lowering class counts."""

    def __init__(self, table: ClassTable, gone: Sequence[str]) -> None:
        kept = [name for name in table.names if name not in gone]
        super().__init__(ClassTable(kept, gone, stuff=table.stuff))
        self.every = self.every[::-1]
        self.stuff = self.stuff[::-1]
        self.things = self.things[::-1]
        self.is_kept = [name in kept for name in table.names]

    def _weights(self, weights: List[float], at: str) -> List[float]:
        """Those of the classes that stay, and perhaps that of no class."""
        before = len(self.is_kept)
        if not before <= len(weights) <= before + 1:
            self.wrong.append(f'{at} of length {len(weights)}')
            return weights
        shrunk = [*compress(weights, self.is_kept), *weights[before:]]
        self.report.append(f'{at}: {len(weights)} -> {len(shrunk)} weights')
        return shrunk
