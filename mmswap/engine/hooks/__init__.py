from .adapter_hook import AdapterHook
from .swap_log_hook import SwapLogHook

__all__ = ['AdapterHook', 'SwapLogHook']
