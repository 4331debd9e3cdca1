from .constructor import SwapOptimWrapperConstructor
from .hooks import AdapterHook, SwapLogHook
from .optim_wrapper import GroupSparseAmpOptimWrapper, GroupSparseOptimWrapper

__all__ = [
    'AdapterHook', 'GroupSparseAmpOptimWrapper', 'GroupSparseOptimWrapper',
    'SwapLogHook', 'SwapOptimWrapperConstructor'
]
