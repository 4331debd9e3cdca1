from .class_subset import ClassSubset
from .collate import swap_collate
from .panoptic_loading import LoadPanopticAnnotations
from .paste_segments import PasteSegments
from .swap_dataset import SwapDataset
from .swap_sampler import SwapSampler

__all__ = [
    'ClassSubset', 'LoadPanopticAnnotations', 'PasteSegments', 'SwapDataset',
    'SwapSampler', 'swap_collate'
]
