from .constructor import SwapOptimWrapperConstructor
from .hooks import (
    AdapterHook,
    GradientStatsHook,
    ImportanceHook,
    SwapLogHook,
)
from .optim_wrapper import GroupSparseAmpOptimWrapper, GroupSparseOptimWrapper

__all__ = [
    'AdapterHook', 'GradientStatsHook', 'GroupSparseAmpOptimWrapper',
    'GroupSparseOptimWrapper', 'ImportanceHook', 'SwapLogHook',
    'SwapOptimWrapperConstructor'
]
