from .adapter_hook import AdapterHook
from .importance_hook import ImportanceHook
from .swap_log_hook import SwapLogHook

__all__ = ['AdapterHook', 'ImportanceHook', 'SwapLogHook']
