from mmswap.engine.constructor import SwapOptimWrapperConstructor
from mmswap.engine.hooks import (
    AdapterHook,
    GradientStatsHook,
    ImportanceHook,
    PrototypeHook,
    SwapHook,
    SwapLogHook,
)
from mmswap.engine.optim_wrapper import (
    GroupSparseAmpOptimWrapper,
    GroupSparseOptimWrapper,
)

__all__ = [
    'AdapterHook', 'GradientStatsHook', 'GroupSparseAmpOptimWrapper',
    'GroupSparseOptimWrapper', 'ImportanceHook', 'PrototypeHook',
    'SwapHook', 'SwapLogHook', 'SwapOptimWrapperConstructor'
]
