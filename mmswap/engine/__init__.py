from .constructor import SwapOptimWrapperConstructor
from .hooks import AdapterHook, GradientStatsHook, PrototypeHook, SwapLogHook
from .optim_wrapper import GroupSparseAmpOptimWrapper, GroupSparseOptimWrapper

__all__ = [
    'AdapterHook', 'GradientStatsHook', 'GroupSparseAmpOptimWrapper',
    'GroupSparseOptimWrapper', 'PrototypeHook', 'SwapLogHook',
    'SwapOptimWrapperConstructor'
]
