"""Where the classes stand in the tensors that follow their number.

Nothing here knows a head by name: the K-class and the (K+N)-class model are
compared tensor by tensor, and the two shapes tell where the class rows are.
"""
from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Sequence, Tuple

import torch
from torch import Tensor, nn

# Layers whose rows go class by class, several rows a class: class-specific
# boxes, and the sub-centers of ArcFace. In all others several rows a class
# mean anchors, and rows go anchor by anchor.
_CLASS_MAJOR = ('fc_reg', 'norm_product')


@dataclass(frozen=True)
class ClassRows:
    """Where the classes stand in one grown tensor.

    Along ``dim`` there are ``blocks`` blocks (one for each anchor of an
    anchor head, else 1). In a block each class takes ``width`` consecutive
    rows (4 in a class-specific box regressor, else 1), in the order of the
    class table, and ``rest`` rows follow that belong to no class (the
    background or no-object row of a softmax head).

    Attributes:
        is_new: For each of the K + N classes, whether it is a learned one.
        width: Rows a class.
        rest: Rows of a block behind the classes.
        blocks: Number of blocks.
        dim: Dimension of the tensor.
    """

    is_new: Tuple[bool, ...]
    width: int = 1
    rest: int = 0
    blocks: int = 1
    dim: int = 0

    @property
    def num_new(self) -> int:
        """N."""
        return sum(self.is_new)

    @property
    def num_base(self) -> int:
        """K."""
        return len(self.is_new) - self.num_new

    @property
    def old_size(self) -> int:
        """Rows in the K-class model."""
        return self.blocks * (self.width * self.num_base + self.rest)

    @property
    def new_size(self) -> int:
        """Rows in the (K+N)-class model."""
        return self.old_size + self.blocks * self.width * self.num_new

    @property
    def new_mask(self) -> Tensor:
        """Which rows are those of new classes, bool of shape (new_size,)."""
        classes = torch.tensor(self.is_new).repeat_interleave(self.width)
        block = torch.cat((classes, torch.zeros(self.rest, dtype=torch.bool)))
        return block.repeat(self.blocks)

    def mask_for(self, grown: Tensor) -> Tensor:
        """:attr:`new_mask` in a shape that broadcasts against ``grown``."""
        shape = [1] * grown.dim()
        shape[self.dim] = -1
        return self.new_mask.view(shape)

    def select(self, grown: Tensor) -> Tensor:
        """The rows of the new classes, the classes' dimension first.

        Args:
            grown: A tensor of the (K+N)-class model.

        Returns:
            Shape (blocks * N * width, ...), a copy.
        """
        return grown.movedim(self.dim, 0)[self.new_mask.to(grown.device)]

    def assign(self, grown: Tensor, rows: Tensor) -> None:
        """Write into ``grown``, in place, what :meth:`select` read."""
        grown.movedim(self.dim, 0)[self.new_mask.to(grown.device)] = rows.to(
            grown)

    def grow(self, old: Tensor, start: Optional[Tensor] = None) -> Tensor:
        """Grow a tensor of the K-class model.

        By default a new class starts as the mean of the base classes: its
        logit is then the mean of theirs, far below that of whatever class is
        there, and a focal-loss prior in the bias carries over.

        Args:
            old: ``old_size`` rows along ``dim``.
            start: The new rows, as :meth:`assign` takes them. Defaults to
                None, then they are the mean.

        Returns:
            ``new_size`` rows along ``dim``, the old ones bit for bit.
        """
        rows = old.movedim(self.dim, 0)
        grown = rows.new_empty((self.new_size, *rows.shape[1:]))
        mask = self.new_mask.to(old.device)
        grown[~mask] = rows
        grown[mask] = self._mean(rows) if start is None else start
        return grown.movedim(0, self.dim).contiguous()

    def _mean(self, rows: Tensor) -> Tensor:
        """The mean over the base classes, once for each new class."""
        blocks = rows.unflatten(0, (self.blocks, -1))
        classes = blocks[:, :self.width * self.num_base].unflatten(
            1, (self.num_base, self.width))
        mean = classes.mean(1, keepdim=True) if rows.is_floating_point() \
            else classes[:, :1]
        return mean.expand(-1, self.num_new,
                           *mean.shape[2:]).flatten(0, 2).to(rows)

    def shrink(self, grown: Tensor) -> Tensor:
        """Undo :meth:`grow`."""
        rows = grown.movedim(self.dim, 0)[~self.new_mask.to(grown.device)]
        return rows.movedim(0, self.dim).contiguous()


class _NewRowsOnly:
    """Gradient hook that zeroes the rows of the base classes."""

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def __call__(self, grad: Tensor) -> Tensor:
        self.mask = self.mask.to(grad)
        return grad * self.mask


def train_new_rows(param: nn.Parameter, rows: ClassRows) -> None:
    """Let the rows of new classes train and hold all others still."""
    param.requires_grad_(True)
    param.register_hook(_NewRowsOnly(rows.mask_for(param)))


def find_class_rows(old: Mapping[str, Tensor], new: Mapping[str, Tensor],
                    tables: Sequence[Tuple[bool, ...]]
                    ) -> Dict[str, ClassRows]:
    """Compare the K-class with the (K+N)-class model, tensor by tensor.

    Args:
        old: State dict of the K-class model.
        new: State dict of the (K+N)-class model.
        tables: What may count classes in it: ``ClassTable.is_new``, and that
            of the things alone where there are both things and stuff.

    Returns:
        For each tensor that grows, where its class rows stand.

    Raises:
        ValueError: If a tensor grows in a way that is not understood, or
            comes or goes.
    """
    if set(old) != set(new):
        raise ValueError('model must keep its tensors when classes are added,'
                         f' but {sorted(set(old) ^ set(new))} differ')
    return {
        key: _rows_of(key, old[key], tensor, tables)
        for key, tensor in new.items() if old[key].shape != tensor.shape
    }


def _rows_of(key: str, old: Tensor, new: Tensor,
             tables: Sequence[Tuple[bool, ...]]) -> ClassRows:
    """Where the class rows of one tensor stand."""
    before, after = tuple(old.shape), tuple(new.shape)
    dims = [i for i, size in enumerate(before) if size != after[i]] \
        if len(before) == len(after) else []
    fits: List[ClassRows] = []
    for is_new in tables if len(dims) == 1 else ():
        dim = dims[0]
        a_class, odd = divmod(after[dim] - before[dim], max(sum(is_new), 1))
        if odd or a_class < 1:
            continue
        major = any(name in key for name in _CLASS_MAJOR)
        width, blocks = (a_class, 1) if major else (1, a_class)
        rest, odd = divmod(
            before[dim] - a_class * is_new.count(False), blocks)
        if not odd and rest in (0, 1):
            fits.append(ClassRows(is_new, width, rest, blocks, dim))
    if not fits:
        raise ValueError(
            'model must have class tensors with the same rows for each class '
            'and at most one more, of no class, behind them; '
            f'{key} goes from {before} to {after} with '
            f'{sum(tables[0])} classes more, which cannot be grown')
    return fits[0]
