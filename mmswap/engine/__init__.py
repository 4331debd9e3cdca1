from .constructor import SwapOptimWrapperConstructor
from .hooks import AdapterHook, ImportanceHook, SwapLogHook
from .optim_wrapper import GroupSparseAmpOptimWrapper, GroupSparseOptimWrapper

__all__ = [
    'AdapterHook', 'GroupSparseAmpOptimWrapper', 'GroupSparseOptimWrapper',
    'ImportanceHook', 'SwapLogHook', 'SwapOptimWrapperConstructor'
]
