from .constructor import SwapOptimWrapperConstructor
from .hooks import (
    AdapterHook,
    GradientStatsHook,
    ImportanceHook,
    PrototypeHook,
    SwapLogHook,
)
from .optim_wrapper import GroupSparseAmpOptimWrapper, GroupSparseOptimWrapper

__all__ = [
    'AdapterHook', 'GradientStatsHook', 'GroupSparseAmpOptimWrapper',
    'GroupSparseOptimWrapper', 'ImportanceHook', 'PrototypeHook',
    'SwapLogHook', 'SwapOptimWrapperConstructor'
]
