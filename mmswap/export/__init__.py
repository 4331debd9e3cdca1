"""A model as an ONNX graph, and the graph in the place of the model."""
from mmswap.export.onnx_model import OnnxModel

__all__ = ['OnnxModel']
