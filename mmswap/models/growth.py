"""Room for new classes: growing a K-class model to K + N classes.

Nothing here knows a head by name. The stock config is built twice, as it is
and with every class count raised; each tensor whose shape differs is a class
tensor, and the two shapes tell where its class rows stand.
"""
import copy
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Tuple

import torch
from mmengine.logging import print_log
from mmengine.model import BaseModel
from mmengine.registry import MODELS as MMENGINE_MODELS
from torch import Tensor

from ..class_table import ClassTable

_COUNT_KEYS = ('num_classes', 'num_things_classes')


@dataclass(frozen=True)
class ClassRows:
    """Where the classes stand in one grown tensor.

    Along dimension 0 a class takes ``width`` consecutive rows (4 in a
    class-specific box regressor, else 1); rows of the base classes come
    first, then those of the new classes, then ``rest`` rows that belong to no
    class (the background or no-object row of a softmax head).
    """

    width: int
    num_base: int
    num_learn: int
    rest: int

    @property
    def old_size(self) -> int:
        """Rows in the K-class model."""
        return self.width * self.num_base + self.rest

    @property
    def new_size(self) -> int:
        """Rows in the K+N-class model."""
        return self.old_size + self.width * self.num_learn

    @property
    def new_rows(self) -> slice:
        """The rows of the new classes in the grown tensor."""
        start = self.width * self.num_base
        return slice(start, start + self.width * self.num_learn)

    def grow(self, old: Tensor) -> Tensor:
        """Grow a tensor of the K-class model.

        A new class starts as the mean of the base classes: its logit is then
        the mean of theirs, far below that of whatever class is there, and a
        focal-loss prior in the bias carries over.

        Args:
            old: Shape (old_size, ...).

        Returns:
            Shape (new_size, ...), the old rows bit for bit.
        """
        split = self.width * self.num_base
        classes = old[:split].unflatten(0, (self.num_base, self.width))
        mean = classes.mean(0, keepdim=True) if old.is_floating_point() \
            else classes[:1]
        new = mean.expand(self.num_learn, *mean.shape[1:]).flatten(0, 1)
        return torch.cat((old[:split], new.to(old), old[split:]))

    def shrink(self, grown: Tensor) -> Tensor:
        """Undo :meth:`grow`: shape (new_size, ...) to (old_size, ...)."""
        return torch.cat(
            (grown[:self.new_rows.start], grown[self.new_rows.stop:]))


def grow_config(cfg: Dict[str, Any], num_base: int,
                num_learn: int) -> Tuple[Dict[str, Any], List[str]]:
    """Raise every class count of a stock model config from K to K + N.

    ``class_weight`` lists grow too; a new class gets the weight of the last
    base class.

    Args:
        cfg: Config of the K-class model; not changed.
        num_base: K.
        num_learn: N, 0 to only check K.

    Returns:
        The grown config and what was grown, one
        ``'bbox_head.num_classes: 80 -> 85'`` an entry.

    Raises:
        ValueError: If the config has no class count, or one that is not K,
            or counts stuff classes, behind which things cannot grow.
    """
    grown = copy.deepcopy(cfg)
    report: List[str] = []
    wrong: List[str] = []
    _grow_node(grown, '', num_base, num_learn, report, wrong)
    if wrong:
        raise ValueError(
            f'classes.base must name the classes of the model, one each: it '
            f'names {num_base}, but the model config has {", ".join(wrong)}')
    if not report:
        raise ValueError(
            f'model must be a config with a class count, one of '
            f'{_COUNT_KEYS}, equal to the {num_base} classes.base; got a '
            f'{cfg.get("type")!r} without one')
    return grown, report


def _grow_node(node: Any, path: str, num_base: int, num_learn: int,
               report: List[str], wrong: List[str]) -> None:
    """Grow one node of a config tree in place."""
    if isinstance(node, (list, tuple)):
        for index, child in enumerate(node):
            _grow_node(child, f'{path}.{index}', num_base, num_learn, report,
                       wrong)
        return
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        at = f'{path}.{key}'.lstrip('.')
        if key in _COUNT_KEYS and value is not None:
            # A class-agnostic RPN counts one foreground class.
            if value == 1 and 'rpn' in at:
                continue
            if value != num_base:
                wrong.append(f'{at}={value}')
            node[key] = num_base + num_learn
            report.append(f'{at}: {num_base} -> {num_base + num_learn}')
        elif key == 'num_stuff_classes' and value:
            wrong.append(f'{at}={value} (stuff classes cannot be swapped yet)')
        elif key == 'class_weight' and isinstance(value, (list, tuple)):
            weights = list(value)
            node[key] = (weights[:num_base] + num_learn * [weights[-1 + min(
                num_base, len(weights))]] + weights[num_base:])
            report.append(f'{at}: {len(weights)} -> {len(node[key])} weights')
        else:
            _grow_node(value, at, num_base, num_learn, report, wrong)


def find_class_rows(old: Dict[str, Tensor], new: Dict[str, Tensor],
                    num_base: int, num_learn: int) -> Dict[str, ClassRows]:
    """Compare the K-class with the K+N-class model, tensor by tensor.

    Args:
        old: State dict of the K-class model.
        new: State dict of the K+N-class model.
        num_base: K.
        num_learn: N.

    Returns:
        For each tensor that grows, where its class rows stand.

    Raises:
        ValueError: If a tensor grows in a way that is not understood.
    """
    rows = {}
    for key, tensor in new.items():
        if key not in old or old[key].shape == tensor.shape:
            continue
        before, after = old[key].shape, tensor.shape
        width, odd = divmod(after[0] - before[0], num_learn)
        rest = before[0] - width * num_base
        # Several rows a class are one class's only in a box regressor; the
        # logits of anchor heads go anchor by anchor.
        known = width == 1 or (width == 4 and 'fc_reg' in key)
        if before[1:] != after[1:] or odd or rest not in (0, 1) or not known:
            raise ValueError(
                f'model must have class tensors with one row a class; '
                f'{key} goes from {tuple(before)} to {tuple(after)} with '
                f'{num_learn} classes more, which cannot be grown')
        rows[key] = ClassRows(width, num_base, num_learn, rest)
    if set(old) != set(new):
        raise ValueError('model must keep its tensors when classes are added,'
                         f' but {sorted(set(old) ^ set(new))} differ')
    return rows


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
        ValueError: As :func:`grow_config` and :func:`find_class_rows`.
    """
    if not isinstance(model, Mapping):
        raise TypeError('model.model must be the config of a stock model, '
                        f'got {type(model).__name__}')
    grown_cfg, grown = grow_config(model, table.num_base, table.num_learn)
    inner = MMENGINE_MODELS.build(copy.deepcopy(grown_cfg))
    if not table.num_learn:
        return inner, grown_cfg, {}
    base = MMENGINE_MODELS.build(copy.deepcopy(dict(model)))
    rows = find_class_rows(base.state_dict(), inner.state_dict(),
                           table.num_base, table.num_learn)
    print_log(f'mmswap: grew {", ".join(grown)}', 'current')
    return inner, grown_cfg, rows
