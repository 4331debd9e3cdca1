"""From a stock model to ONNX files that say the same."""
import inspect
import warnings
from pathlib import Path
from typing import Any, Dict, List, Mapping, Tuple

import numpy as np
import torch
from mmengine.model import BaseModel
from torch import Tensor

from mmswap.export.kinds import kind_of
from mmswap.export.outputs import (
    FlatOutputs,
    Part,
    output_keys,
    part_path,
    structure,
)
from mmswap.export.runtime import OnnxFile, require, write_metadata
from mmswap.whole_file import whole_file

# The least that has the layer norm of transformers as one operator.
OPSET = 17
# Rounding differs with the order of sums: 2e-5 of an output's largest value
# was seen, and 0.1 to 1 where an exporter had a graph wrong.
TOLERANCE = 1e-3
Differences = Dict[str, float]


@torch.no_grad()
def write_graphs(model: BaseModel, out: Path, image: Tensor,
                 metadata: Mapping[str, Any]) -> Dict[Path, Differences]:
    """Write a stock model's raw outputs as ONNX files, and compare.

    By torch's TorchScript exporter, which the newer one does not match yet:
    with torch 2.10 that one fails for RTMDet-Ins, and the attention of ViT,
    Swin and SegFormer comes out wrong.

    Args:
        model: In evaluation mode, on the CPU.
        out: The file; those of further parts have names that begin with its.
            None is there afterwards if an output differs.
        image: An image as the data preprocessor makes it, (1, 3, H, W). The
            file takes images of this size.
        metadata: What to write into each file, by key: ``classes``, the class
            names in the order of the model, and whatever else.

    Returns:
        For each file, and each output by its name, the largest difference
        from torch's, relative to the largest value of torch's, or to 1 if
        that is more.

    Raises:
        ModuleNotFoundError: If onnx or onnxruntime is not installed.
        TypeError: If the model is of no kind that can be exported.
        ValueError: If an output differs by more than ``TOLERANCE``.
    """
    for name in ('onnx', 'onnxruntime'):
        require(name)
    parts = kind_of(model).parts(model, image)
    suffixes = [part.suffix for part in parts]
    found = {}
    try:
        for part in parts:
            path = part_path(out, part.suffix)
            with whole_file(path) as unchecked:
                found[path] = _write_part(
                    part, unchecked, dict(metadata, parts=suffixes))
    except Exception:
        for written in found:
            written.unlink(missing_ok=True)
        raise
    return found


def _write_part(part: Part, path: Path,
                metadata: Mapping[str, Any]) -> Differences:
    raw = FlatOutputs(part.module).eval()
    outputs = structure(raw.nested(part.example), part.names)
    _run_exporter(raw, part, path, output_keys(outputs))
    write_metadata(path, dict(metadata, outputs=outputs))
    differences = compare(raw, OnnxFile(path), part.example)
    worst, difference = worst_difference(differences)
    if difference > TOLERANCE:
        raise ValueError(
            f'the ONNX file must give what torch gives, within {TOLERANCE:g} '
            f'of the largest value, but {worst} differs by {difference:.3g}; '
            'it is not written')
    return differences


def _run_exporter(raw: FlatOutputs, part: Part, out: Path,
                  names: List[str]) -> None:
    given = 'features' if part.suffix else 'image'
    options: Dict[str, Any] = dict(
        input_names=[given], output_names=names, opset_version=OPSET)
    if part.any_length:
        options['dynamic_axes'] = {
            name: {0: 'length'} for name in (given, *names)}
    # torch 2.9 made the other exporter the default; 2.1 has this one alone.
    if 'dynamo' in inspect.signature(torch.onnx.export).parameters:
        options['dynamo'] = False
    with warnings.catch_warnings():
        # Of shapes that become constants, as the size is to be.
        warnings.simplefilter('ignore', torch.jit.TracerWarning)
        # That the exporter is the older one.
        warnings.simplefilter('ignore', DeprecationWarning)
        torch.onnx.export(raw, (part.example, ), str(out), **options)


@torch.no_grad()
def compare(raw: FlatOutputs, file: OnnxFile, value: Tensor) -> Differences:
    """How far a file's outputs are from torch's.

    Args:
        raw: The module that it was made from.
        file: The file.
        value: The input.

    Returns:
        As :func:`write_graphs`, of one file.
    """
    got = file.run(value.numpy())
    flat = [level for output in got for level in (
        output if isinstance(output, list) else [output])]
    found = {}
    for key, ours, theirs in zip(output_keys(file.metadata['outputs']), flat,
                                 raw(value)):
        wanted = theirs.numpy()
        scale = max(float(np.abs(wanted).max()), 1.)
        found[key] = float(np.abs(ours - wanted).max()) / scale
    return found


def worst_difference(differences: Differences) -> Tuple[str, float]:
    """The output that is farthest from torch's, and how far.

    Args:
        differences: Of one file, as :func:`compare` has it. What is no number
            counts as infinite.
    """
    known = {key: value if value == value else float('inf')
             for key, value in differences.items()}
    worst = max(known, key=lambda key: known[key])
    return worst, known[worst]
