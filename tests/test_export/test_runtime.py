"""onnx and onnxruntime are needed for nothing else."""
import sys

import pytest

from mmswap.export.runtime import OnnxFile, require


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    with pytest.raises(ModuleNotFoundError, match=r'mmswap\[onnx\]'):
        require('onnxruntime')


def test_a_file_of_others_is_refused(tmp_path):
    onnx = pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    with pytest.raises(FileNotFoundError, match='ONNX file'):
        OnnxFile(tmp_path / 'none.onnx')
    value = onnx.helper.make_tensor_value_info('x', 1, [1])
    other = onnx.helper.make_tensor_value_info('y', 1, [1])
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node('Identity', ['x'], ['y'])], 'g', [value],
        [other])
    onnx.save(onnx.helper.make_model(
        graph, ir_version=8, opset_imports=[
            onnx.helper.make_opsetid('', 17)]), str(tmp_path / 'other.onnx'))
    with pytest.raises(ValueError, match='mmswap export'):
        OnnxFile(tmp_path / 'other.onnx')
