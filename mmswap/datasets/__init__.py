from mmswap.datasets.class_subset import ClassSubset
from mmswap.datasets.collate import swap_collate
from mmswap.datasets.erase_ignored import EraseIgnored
from mmswap.datasets.paste_segments import PasteSegments
from mmswap.datasets.swap_dataset import SwapDataset
from mmswap.datasets.swap_sampler import SwapSampler

__all__ = [
    'ClassSubset', 'EraseIgnored', 'PasteSegments', 'SwapDataset',
    'SwapSampler', 'swap_collate'
]
