"""One task each: its labels, samples, metrics and its library's quirks."""
from mmswap.tasks.base import Task
from mmswap.tasks.detection import DetectionTask
from mmswap.tasks.image import ImageTask
from mmswap.tasks.panoptic import PanopticTask
from mmswap.tasks.panoptic_loading import LoadPanopticAnnotations
from mmswap.tasks.panoptic_metric import PanopticMetric
from mmswap.tasks.semantic import SemanticTask

__all__ = [
    'DetectionTask', 'ImageTask', 'LoadPanopticAnnotations', 'PanopticMetric',
    'PanopticTask', 'SemanticTask', 'Task'
]
