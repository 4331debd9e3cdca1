from .adapter_hook import AdapterHook
from .gradient_stats_hook import GradientStatsHook
from .prototype_hook import PrototypeHook
from .swap_log_hook import SwapLogHook

__all__ = ['AdapterHook', 'GradientStatsHook', 'PrototypeHook', 'SwapLogHook']
