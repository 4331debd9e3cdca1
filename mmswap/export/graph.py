"""From a stock model to an ONNX file that says the same."""
import inspect
import os
import warnings
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

import numpy as np
import torch
from mmengine.model import BaseModel
from torch import Tensor

from mmswap.export.kinds import kind_of
from mmswap.export.outputs import RawOutputs, output_keys, structure
from mmswap.export.runtime import OnnxFile, require, write_metadata

# The least that has the layer norm of transformers as one operator.
OPSET = 17
# Rounding differs with the order of sums: 2e-5 of an output's largest value
# was seen, and 0.1 to 1 where an exporter had a graph wrong.
TOLERANCE = 1e-3


@torch.no_grad()
def write_graph(model: BaseModel, out: Path, image: Tensor,
                classes: Sequence[str],
                metadata: Mapping[str, Any]) -> Dict[str, float]:
    """Write a stock model's raw outputs as an ONNX file, and compare.

    By torch's TorchScript exporter, which the newer one does not match yet:
    with torch 2.10 that one fails for RTMDet-Ins, and the attention of ViT,
    Swin and SegFormer comes out wrong.

    Args:
        model: In evaluation mode, on the CPU.
        out: The file. It is not there afterwards if the outputs differ.
        image: An image as the data preprocessor makes it, (1, 3, H, W). The
            file takes images of this size.
        classes: The class names, in the order of the model.
        metadata: What else to write into the file, by key.

    Returns:
        By the name of the output, the largest difference from torch's,
        relative to the largest value of torch's, or to 1 if that is more.

    Raises:
        ModuleNotFoundError: If onnx or onnxruntime is not installed.
        TypeError: If the model is of no kind that can be exported.
        ValueError: If an output differs by more than ``TOLERANCE``.
    """
    for name in ('onnx', 'onnxruntime'):
        require(name)
    names = kind_of(model).output_names(model)
    raw = RawOutputs(model).eval()
    outputs = structure(raw.nested(image), names)
    part = out.with_name(out.name + '.part')
    _run_exporter(raw, image, part, output_keys(outputs))
    write_metadata(part, dict(
        metadata, outputs=outputs, classes=list(classes)))
    differences = compare(raw, OnnxFile(part), image)
    worst = max(differences, key=lambda key: differences[key])
    if not differences[worst] <= TOLERANCE:
        part.unlink()
        raise ValueError(
            f'the ONNX file must give what torch gives, within {TOLERANCE:g} '
            f'of the largest value, but {worst} differs by '
            f'{differences[worst]:.3g}; {out} is not written')
    os.replace(part, out)
    return differences


def _run_exporter(raw: RawOutputs, image: Tensor, out: Path,
                  names: List[str]) -> None:
    options: Dict[str, Any] = dict(
        input_names=['image'], output_names=names, opset_version=OPSET)
    # torch 2.9 made the other exporter the default; 2.1 has this one alone.
    if 'dynamo' in inspect.signature(torch.onnx.export).parameters:
        options['dynamo'] = False
    with warnings.catch_warnings():
        # Of shapes that become constants, as the size is to be.
        warnings.simplefilter('ignore', torch.jit.TracerWarning)
        # That the exporter is the older one.
        warnings.simplefilter('ignore', DeprecationWarning)
        torch.onnx.export(raw, (image, ), str(out), **options)


@torch.no_grad()
def compare(raw: RawOutputs, file: OnnxFile,
            image: Tensor) -> Dict[str, float]:
    """How far a file's outputs are from torch's.

    Args:
        raw: The model.
        file: The file.
        image: Preprocessed, (1, 3, H, W).

    Returns:
        As :func:`write_graph`.
    """
    got = file.run(image.numpy())
    flat = [level for output in got for level in (
        output if isinstance(output, list) else [output])]
    found = {}
    for key, ours, theirs in zip(output_keys(file.metadata['outputs']), flat,
                                 raw(image)):
        wanted = theirs.numpy()
        scale = max(float(np.abs(wanted).max()), 1.)
        found[key] = float(np.abs(ours - wanted).max()) / scale
    return found
