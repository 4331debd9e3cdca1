"""An ONNX file with 8-bit weights, by onnxruntime."""
from pathlib import Path
from typing import Any, Dict, Iterator, List, Optional, Sequence

import numpy as np

from mmswap.export.runtime import OnnxFile, require, write_metadata

METHODS = ('static', 'dynamic')
_MATRICES = ['MatMul', 'Gemm']


def choose_method(path: Path) -> str:
    """How the weights of a file are best rounded.

    Convolutions take fixed ranges of activations, which are measured on
    images. The matrices of transformers take ranges that are measured while
    they run, as theirs differ from image to image.

    Args:
        path: An ONNX file.

    Returns:
        ``'dynamic'`` if most weights are matrices, else ``'static'``.
    """
    onnx = require('onnx')
    graph = onnx.load(str(path)).graph
    sizes = {each.name: int(np.prod(each.dims)) for each in graph.initializer}
    counts = dict(Conv=0, MatMul=0)
    for node in graph.node:
        kind = 'MatMul' if node.op_type in _MATRICES else node.op_type
        if kind in counts:
            counts[kind] += sum(sizes.get(name, 0) for name in node.input)
    return 'dynamic' if counts['MatMul'] > counts['Conv'] else 'static'


def write_int8(path: Path, out: Path, method: str,
               images: Optional[Sequence[np.ndarray]] = None) -> Path:
    """Round the weights of an ONNX file to 8 bits.

    Weights are rounded for each output channel, activations as a whole. What
    has few weights and loses most keeps its precision with ``'static'``: the
    first convolution, depthwise ones and what gives the outputs. A YOLOX-Nano
    of AP 0.423 had 0.176 with all rounded, and 0.400 so.

    Args:
        path: A file that :func:`~mmswap.export.graph.write_graphs` wrote.
        out: The file to write.
        method: ``'static'`` or ``'dynamic'``; see :func:`choose_method`.
        images: What ranges of activations are measured on with ``'static'``:
            inputs of the file, preprocessed images or features. Defaults to
            None.

    Returns:
        ``out``.

    Raises:
        ValueError: If there is no image for ``'static'``, or ``method`` is
            unknown.
    """
    if method not in METHODS:
        raise ValueError(f'method must be one of {METHODS}, got {method!r}')
    if method == 'static' and not images:
        raise ValueError('test_dataloader must have an image for int8, on '
                         'which ranges of activations are measured')
    quantization = require('onnxruntime.quantization')
    file = OnnxFile(path)
    prepared = out.with_name(out.name + '.part')
    prepare = require(
        'onnxruntime.quantization.shape_inference').quant_pre_process
    options: Dict[str, Any] = dict(
        per_channel=True, weight_type=quantization.QuantType.QInt8)
    try:
        prepare(str(path), str(prepared), skip_symbolic_shape=True)
        graph = require('onnx').load(str(prepared)).graph
        whole = _not_weights(graph)
        if method == 'dynamic':
            quantization.quantize_dynamic(
                str(prepared), str(out), op_types_to_quantize=_MATRICES,
                nodes_to_exclude=whole, **options)
        else:
            quantization.quantize_static(
                str(prepared), str(out),
                _reader(file.input_name, images or ()),
                activation_type=quantization.QuantType.QUInt8,
                op_types_to_quantize=['Conv', *_MATRICES],
                nodes_to_exclude=[*_sensitive(graph), *whole], **options)
    finally:
        prepared.unlink(missing_ok=True)
    write_metadata(out, dict(file.metadata, int8=method))
    return out


def _sensitive(graph: Any) -> List[str]:
    """Names of the nodes that keep their precision."""
    convs = [node for node in graph.node if node.op_type == 'Conv']
    grouped = [node for node in convs for each in node.attribute
               if each.name == 'group' and each.i > 1]
    ends = {output.name for output in graph.output}
    last = [node for node in graph.node if ends.intersection(node.output)]
    return [node.name for node in (*convs[:1], *grouped, *last)]


def _not_weights(graph: Any) -> List[str]:
    """Names of products with a constant that is no matrix.

    As with the keys and values that queries of a DETR, which are the same for
    each image, have in the first layer. onnxruntime cannot run them rounded.
    """
    ranks = {each.name: len(each.dims) for each in graph.initializer}
    return [node.name for node in graph.node if node.op_type == 'MatMul'
            and any(ranks.get(name, 2) != 2 for name in node.input)]


def _reader(name: str, images: Sequence[np.ndarray]) -> Any:
    """What onnxruntime asks for the values of an input."""
    base = require('onnxruntime.quantization').CalibrationDataReader

    class Reader(base):  # type: ignore[misc,valid-type]
        """Gives one image after the other."""

        def __init__(self) -> None:
            self.left: Iterator[np.ndarray] = iter(images)

        def get_next(self) -> Optional[Dict[str, np.ndarray]]:
            """The next image; None if there is no more."""
            image = next(self.left, None)
            return None if image is None else {name: image}

    return Reader()
