from .adapter_hook import AdapterHook
from .prototype_hook import PrototypeHook
from .swap_log_hook import SwapLogHook

__all__ = ['AdapterHook', 'PrototypeHook', 'SwapLogHook']
