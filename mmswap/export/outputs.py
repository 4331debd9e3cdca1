"""The outputs of a head: nested, as it gives them, and flat, as a graph."""
from pathlib import Path
from typing import Any, List, NamedTuple, Sequence, Tuple

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


class Part(NamedTuple):
    """What becomes one ONNX graph.

    Attributes:
        suffix: What its file is called beside the first one, whose is empty.
        module: Takes a tensor and returns tensors, or lists of one for each
            level.
        example: An input for it.
        names: Names for what it returns, in this order, perhaps more.
        any_length: Whether the first dimension may have any length.
    """

    suffix: str
    module: nn.Module
    example: Tensor
    names: Sequence[str]
    any_length: bool = False


class TensorMode(nn.Module):
    """A stock model's ``mode='tensor'``.

    Args:
        model: The stock model.
    """

    def __init__(self, model: BaseModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> Any:
        """What its head gives.

        Args:
            image: Preprocessed, (1, 3, H, W).
        """
        return self.model(image, mode='tensor')


class FlatOutputs(nn.Module):
    """What a module returns as a flat tuple.

    Args:
        module: As in a :class:`Part`.
    """

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def nested(self, value: Tensor) -> List[Any]:
        """The outputs as the module gives them.

        Args:
            value: Its input.
        """
        found = self.module(value)
        return [found] if isinstance(found, Tensor) else list(found)

    def forward(self, value: Tensor) -> Tuple[Tensor, ...]:
        """The same, level by level.

        Args:
            value: Its input.
        """
        flat: List[Tensor] = []
        for output in self.nested(value):
            flat += [output] if isinstance(output, Tensor) else list(output)
        return tuple(flat)


def part_path(path: Path, suffix: str) -> Path:
    """The file of a part.

    Args:
        path: That of the first part.
        suffix: The part's.
    """
    return path.with_name(f'{path.stem}_{suffix}{path.suffix}'
                          ) if suffix else path


def as_tensors(outputs: Sequence[Any]) -> List[Any]:
    """Arrays of a session as tensors, levels as lists.

    Args:
        outputs: What :meth:`~mmswap.export.runtime.OnnxFile.run` returned.
    """
    return [[torch.from_numpy(level) for level in output] if isinstance(
        output, list) else torch.from_numpy(output) for output in outputs]
