"""Preprocessing of a step's branches by the wrapped model's own rules."""
from typing import Any, Dict, List, Mapping, Sequence

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor, nn

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
        """Part a batch by branch, and preprocess each.

        Args:
            data: What the data loader gave: ``dict(inputs, data_samples)``,
                in training with ``branch``, the branch of each sample; or one
                such dict for each branch.
            training: Whether augmentations of batches apply.

        Returns:
            As the wrapped model's, on the model's device; for each branch,
            where there are any.
        """
        if isinstance(data, dict) and 'branch' in data:
            data = part_batch(data)
        if isinstance(data, dict) and 'inputs' not in data and all(
                isinstance(batch, dict) for batch in data.values()):
            return {
                branch: self.inner(batch, training)
                for branch, batch in data.items()
            }
        return self.inner(data, training)


def part_batch(data: Mapping[str, Any]) -> Dict[str, Dict[str, Any]]:
    """Part a collated batch by the branch of each sample.

    Args:
        data: Tensors, lists and dicts of these, each with an entry for each
            sample, and ``branch``, a list of names.

    Returns:
        The batch of each branch, in the order in which they arrive.
    """
    branches: Sequence[str] = data['branch']
    batch = {key: value for key, value in data.items() if key != 'branch'}
    return {
        name: {
            key: _select(value, [i for i, b in enumerate(branches)
                                 if b == name])
            for key, value in batch.items()
        }
        for name in dict.fromkeys(branches)
    }


def _select(value: Any, indices: List[int]) -> Any:
    """The entries of some samples."""
    if isinstance(value, Mapping):
        return {key: _select(part, indices) for key, part in value.items()}
    if isinstance(value, Tensor):
        return value[torch.tensor(indices, device=value.device)]
    return [value[i] for i in indices]
