"""The base classes' rows stay what they were, whatever an optimizer does."""
from typing import List, Mapping

import torch
from torch import nn

from mmswap.models.classes.rows import ClassRows, train_new_rows


class FrozenRows(nn.Module):
    """Lets the rows of new classes train and holds all others still.

    One parameter has both, so a gradient mask is not enough: weight decay,
    which mmengine's default constructor gives to all parameters, moves what
    has no gradient, and so does a moving average that rounds. The values as
    loaded are therefore kept, in buffers that are not saved, and written back
    before the model is used or saved.

    Args:
        params: The parameters with class rows, by stock key.
        class_rows: Where the classes stand in each.
    """

    def __init__(self, params: Mapping[str, nn.Parameter],
                 class_rows: Mapping[str, ClassRows]) -> None:
        super().__init__()
        # A list, so that they are no parameters of this module.
        self._params: List[nn.Parameter] = list(params.values())
        for i, (key, param) in enumerate(params.items()):
            train_new_rows(param, class_rows[key])
            buffers = dict(
                values=param.detach().clone(),
                is_new=class_rows[key].mask_for(param).to(param.device))
            for name, buffer in buffers.items():
                self.register_buffer(f'{name}_{i}', buffer, persistent=False)

    @torch.no_grad()
    def hold(self) -> None:
        """Take the values that the rows have now."""
        for i, param in enumerate(self._params):
            self.get_buffer(f'values_{i}').copy_(param)

    @torch.no_grad()
    def restore(self) -> None:
        """Write the values back, in place and without waiting for a GPU."""
        for i, param in enumerate(self._params):
            # `data`, past autograd's version counter: a step may run the
            # model again before its backward, and what is written is what
            # was there.
            param.data.copy_(
                torch.where(
                    self.get_buffer(f'is_new_{i}'), param,
                    self.get_buffer(f'values_{i}')))
