"""Preprocessing of a step's branches by the wrapped model's own rules."""
from typing import Any, Dict

from mmengine.model import BaseDataPreprocessor
from torch import nn

from mmswap.registry import MODELS


@MODELS.register_module()
class SwapDataPreprocessor(BaseDataPreprocessor):
    """Runs the wrapped model's data preprocessor on each branch.

    A batch without branches, as in validation, goes through unchanged.

    Args:
        inner: The wrapped model's own data preprocessor.
    """

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, data: Dict[str, Any], training: bool = False) -> Any:
        """Preprocess a batch.

        Args:
            data: What the data loader gave: ``dict(inputs, data_samples)``,
                or one such dict for each branch.
            training: Whether augmentations of batches apply.

        Returns:
            As ``data``, on the model's device.
        """
        if isinstance(data, dict) and 'inputs' not in data and all(
                isinstance(batch, dict) for batch in data.values()):
            return {
                branch: self.inner(batch, training)
                for branch, batch in data.items()
            }
        return self.inner(data, training)
