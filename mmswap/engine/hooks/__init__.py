from mmswap.engine.hooks.adapter_hook import AdapterHook
from mmswap.engine.hooks.console_hook import ConsoleHook
from mmswap.engine.hooks.finite_hook import FiniteHook
from mmswap.engine.hooks.gradient_stats_hook import GradientStatsHook
from mmswap.engine.hooks.importance_hook import ImportanceHook
from mmswap.engine.hooks.prototype_hook import PrototypeHook
from mmswap.engine.hooks.swap_hook import SwapHook
from mmswap.engine.hooks.swap_log_hook import SwapLogHook

__all__ = [
    'AdapterHook', 'ConsoleHook', 'FiniteHook', 'GradientStatsHook',
    'ImportanceHook', 'PrototypeHook', 'SwapHook', 'SwapLogHook'
]
