"""onnx and onnxruntime, which are needed for nothing else."""
import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, List, Mapping, Tuple, Union

import numpy as np

# Keys in the metadata of a file begin with this.
_PREFIX = 'mmswap.'
SUFFIX = '.onnx'
Outputs = List[Union[np.ndarray, List[np.ndarray]]]


def require(name: str) -> ModuleType:
    """Import a module of onnx or onnxruntime.

    Args:
        name: Its dotted name.

    Raises:
        ModuleNotFoundError: If its package is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f'{name.partition(".")[0]} must be installed to write or to run '
            'ONNX files (pip install mmswap[onnx]), but '
            f'{error.name} is missing') from error


def write_metadata(path: Union[str, Path], values: Mapping[str, Any]) -> None:
    """Write values into an ONNX file, each as JSON.

    Args:
        path: The file, changed in place.
        values: By key.
    """
    onnx = require('onnx')
    model = onnx.load(str(path))
    texts = {key: json.dumps(value) for key, value in values.items()}
    onnx.helper.set_model_props(
        model, {f'{_PREFIX}{key}': text for key, text in texts.items()})
    onnx.save(model, str(path))


class OnnxFile:
    """An ONNX file that mmswap wrote, ready to run on the CPU.

    Args:
        path: The file.

    Attributes:
        path: The file.
        metadata: What :func:`write_metadata` wrote.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If mmswap did not write it.
    """

    def __init__(self, path: Union[str, Path]) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise FileNotFoundError(
                f'the ONNX file must be there, got {path}')
        self._session = require('onnxruntime').InferenceSession(
            str(path), providers=['CPUExecutionProvider'])
        given = self._session.get_modelmeta().custom_metadata_map
        self.metadata: Dict[str, Any] = {
            key[len(_PREFIX):]: json.loads(value)
            for key, value in given.items() if key.startswith(_PREFIX)
        }
        if 'outputs' not in self.metadata:
            raise ValueError('the ONNX file must be one that mmswap export '
                             f'wrote, got {path}')

    @property
    def input_name(self) -> str:
        """The name of its one input."""
        return self._session.get_inputs()[0].name

    @property
    def input_size(self) -> Tuple[int, ...]:
        """Height and width of the images that it takes."""
        return tuple(self._session.get_inputs()[0].shape[2:])

    def run(self, inputs: np.ndarray) -> Outputs:
        """Run the graph.

        Args:
            inputs: What its one input takes, float32: an image,
                (1, 3, H, W), or features.

        Returns:
            The outputs as the head gives them: arrays, or lists of one for
            each level.
        """
        flat = iter(self._session.run(None, {self.input_name: inputs}))
        return [
            next(flat) if levels is None else
            [next(flat) for _ in range(levels)]
            for _, levels in self.metadata['outputs']
        ]
