"""What the rows of new classes are before they have learned anything."""
import math
from typing import Mapping, Optional

import torch
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from mmswap.models.classes.rows import ClassRows

NEW_ROWS_STARTS = ('mean', 'xavier')


class RowStarts(nn.Module):
    """First values of the new classes' rows, one draw for a model's life.

    The seed is drawn when the model is built, so that the Runner's seed
    decides, and is a buffer, so that all ranks have one. Whatever loads a
    base checkpoint afterwards (the model, its moving average) gets the same
    rows. A checkpoint that has them already keeps its own.

    Args:
        start: ``'mean'``, the mean of the base classes' rows; or
            ``'xavier'``, as the published classification code of Knowledge
            Swapping draws rows 100 and up: matrices and kernels are uniform
            within sqrt(6 / (fan_in + fan_out)), the fans being those of the
            new rows alone, and biases are zero. What belongs to no linear or
            convolution layer (label embeddings, class weights) has the mean.
        class_rows: The class tensors by stock key.

    Raises:
        ValueError: If ``start`` is unknown.
    """

    seed: Tensor

    def __init__(self, start: str, class_rows: Mapping[str,
                                                       ClassRows]) -> None:
        super().__init__()
        if start not in NEW_ROWS_STARTS:
            raise ValueError('model.new_rows_start must be one of '
                             f'{NEW_ROWS_STARTS}, got {start!r}')
        self.start = start
        self.class_rows = class_rows
        # Where nothing is random no other draw moves.
        seed = torch.randint(2**31, ()) if start == 'xavier' else (
            torch.tensor(0))
        self.register_buffer('seed', seed, persistent=False)

    def grow(self, model: nn.Module, key: str, old: Tensor) -> Tensor:
        """Grow a tensor of the K-class model.

        Args:
            model: The wrapped model.
            key: The tensor's stock key.
            old: The tensor. One that has no class rows, or those of the new
                classes already, is returned as it is.
        """
        rows = self.class_rows.get(key)
        if rows is None or old.dim() <= rows.dim or (
                old.shape[rows.dim] != rows.old_size):
            return old
        return rows.grow(old, self._draw(model, key, old, rows))

    def _draw(self, model: nn.Module, key: str, old: Tensor,
              rows: ClassRows) -> Optional[Tensor]:
        """The new rows; None for the mean of the old ones."""
        path, _, name = key.rpartition('.')
        layer = model.get_submodule(path)
        if isinstance(layer, LoraLayer):
            layer = layer.get_base_layer()
        if self.start == 'mean' or not isinstance(layer,
                                                  (nn.Linear, _ConvNd)):
            return None
        shape = (rows.new_size - rows.old_size,
                 *old.movedim(rows.dim, 0).shape[1:])
        if name == 'bias':
            return old.new_zeros(shape)
        # On the CPU, where the same seed draws the same on every machine.
        generator = torch.Generator().manual_seed(
            int(self.seed) + list(self.class_rows).index(key))
        bound = math.sqrt(6 / (math.prod(shape[2:]) * sum(shape[:2])))
        return torch.empty(shape).uniform_(
            -bound, bound, generator=generator).to(old)
