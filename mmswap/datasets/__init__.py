from .class_subset import ClassSubset
from .collate import swap_collate
from .swap_dataset import SwapDataset
from .swap_sampler import SwapSampler

__all__ = ['ClassSubset', 'SwapDataset', 'SwapSampler', 'swap_collate']
