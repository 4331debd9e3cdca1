from .adapter_hook import AdapterHook
from .gradient_stats_hook import GradientStatsHook
from .importance_hook import ImportanceHook
from .prototype_hook import PrototypeHook
from .swap_log_hook import SwapLogHook

__all__ = [
    'AdapterHook', 'GradientStatsHook', 'ImportanceHook', 'PrototypeHook',
    'SwapLogHook'
]
