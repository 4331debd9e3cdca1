from .constructor import SwapOptimWrapperConstructor
from .hooks import AdapterHook, PrototypeHook, SwapLogHook
from .optim_wrapper import GroupSparseAmpOptimWrapper, GroupSparseOptimWrapper

__all__ = [
    'AdapterHook', 'GroupSparseAmpOptimWrapper', 'GroupSparseOptimWrapper',
    'PrototypeHook', 'SwapLogHook', 'SwapOptimWrapperConstructor'
]
