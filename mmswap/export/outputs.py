"""The outputs of a head: nested, as it gives them, and flat, as a graph."""
from typing import Any, List, Sequence, Tuple

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn


def structure(outputs: Sequence[Any],
              names: Sequence[str]) -> List[Tuple[str, Any]]:
    """The name and the number of levels of each output.

    Args:
        outputs: Tensors, or lists of one for each level.
        names: Names for them, perhaps more.

    Returns:
        One pair for each; None levels for a tensor.
    """
    return [(name, None if isinstance(output, Tensor) else len(output))
            for output, name in zip(outputs, names)]


def output_keys(outputs: Sequence[Tuple[str, Any]]) -> List[str]:
    """The names of a graph's outputs: one a level.

    Args:
        outputs: What :func:`structure` returned.
    """
    return [key for name, levels in outputs
            for key in ([name] if levels is None else [
                f'{name}_{level}' for level in range(levels)])]


class RawOutputs(nn.Module):
    """What a stock model's ``mode='tensor'`` returns, as a flat tuple.

    Args:
        model: The stock model.
    """

    def __init__(self, model: BaseModel) -> None:
        super().__init__()
        self.model = model

    def nested(self, image: Tensor) -> List[Any]:
        """The outputs as the head gives them.

        Args:
            image: Preprocessed, (1, 3, H, W).
        """
        found = self.model(image, mode='tensor')
        return [found] if isinstance(found, Tensor) else list(found)

    def forward(self, image: Tensor) -> Tuple[Tensor, ...]:
        """The same, level by level.

        Args:
            image: Preprocessed, (1, 3, H, W).
        """
        flat: List[Tensor] = []
        for output in self.nested(image):
            flat += [output] if isinstance(output, Tensor) else list(output)
        return tuple(flat)


def as_tensors(outputs: Sequence[Any]) -> List[Any]:
    """Arrays of a session as tensors, levels as lists.

    Args:
        outputs: What :meth:`~mmswap.export.runtime.OnnxFile.run` returned.
    """
    return [[torch.from_numpy(level) for level in output] if isinstance(
        output, list) else torch.from_numpy(output) for output in outputs]
