"""8-bit files: smaller, and nearly the same."""
import numpy as np
import pytest
import torch

from mmswap.export.graph import compare
from mmswap.export.int8 import choose_method, write_int8
from mmswap.export.outputs import FlatOutputs, TensorMode
from mmswap.export.runtime import OnnxFile


@pytest.mark.parametrize('name, method', [('fcn', 'static'),
                                          ('vit', 'dynamic')])
def test_weights_are_rounded(name, method, export, tmp_path):
    model, _, names, path = export(name)
    assert choose_method(path) == method
    image = torch.randn(1, 3, 64, 64)
    out = write_int8(path, tmp_path / 'int8.onnx', method, [image.numpy()])
    assert out.stat().st_size < .6 * path.stat().st_size
    metadata = OnnxFile(out).metadata
    assert metadata['int8'] == method and metadata['classes'] == names
    raw = FlatOutputs(TensorMode(model))
    worst = max(compare(raw, OnnxFile(out), image).values())
    exact = max(compare(raw, OnnxFile(path), image).values())
    assert exact < 1e-4 < worst < .2
    assert {each.name for each in tmp_path.iterdir()} == {
        out.name, path.name}


def test_depthwise_and_last_layers_keep_their_precision(export, tmp_path):
    """Of YOLOX-Nano: those that have groups, the stem, and nine outputs."""
    onnx = pytest.importorskip('onnx')
    *_, path = export('yolox')
    out = write_int8(path, tmp_path / 'int8.onnx', 'static', [
        np.random.RandomState(0).randn(1, 3, 64, 64).astype(np.float32)])
    graph = onnx.load(str(out)).graph
    made = {name: node.op_type for node in graph.node for name in node.output}
    kept = [node for node in graph.node if node.op_type == 'Conv'
            and made.get(node.input[1]) != 'DequantizeLinear']
    grouped = [node for node in graph.node for each in node.attribute
               if each.name == 'group' and each.i > 1]
    assert len(grouped) == 30
    assert {node.name for node in grouped} < {node.name for node in kept}
    assert len(kept) == len(grouped) + 1 + 9


@pytest.mark.slow
def test_constants_of_queries_keep_their_precision(export, batch, tmp_path):
    """Rounded, the first self-attention of DINO's decoder would not run."""
    model, *_, path = export('dino', 128)
    assert choose_method(path) == 'dynamic'
    out = write_int8(path, tmp_path / 'int8.onnx', 'dynamic')
    assert out.stat().st_size < .6 * path.stat().st_size
    image = model.data_preprocessor(
        batch('mmdet', 1, (128, 128)), False)['inputs'].numpy()
    exact, rounded = OnnxFile(path).run(image), OnnxFile(out).run(image)
    for one, other in zip(exact, rounded):
        assert one.shape == other.shape and np.isfinite(other).all()
        assert (one != other).any()


def test_what_is_missing_is_named(export, tmp_path):
    *_, path = export('fcn')
    with pytest.raises(ValueError, match='test_dataloader'):
        write_int8(path, tmp_path / 'a.onnx', 'static')
    with pytest.raises(ValueError, match="method must be .* got 'int4'"):
        write_int8(path, tmp_path / 'a.onnx', 'int4')
