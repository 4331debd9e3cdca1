"""A model as ONNX graphs, and the graphs in the place of the model."""
from mmswap.export.kinds import Classifier, DenseDetector, Segmentor
from mmswap.export.onnx_model import OnnxModel
from mmswap.export.queries import QueryDetector
from mmswap.export.two_stage import TwoStageDetector

__all__ = [
    'Classifier', 'DenseDetector', 'OnnxModel', 'QueryDetector', 'Segmentor',
    'TwoStageDetector'
]
