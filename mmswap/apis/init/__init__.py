"""``mmswap init``: the configs of a swap, written from a stock config."""
from mmswap.apis.init.settings import Settings
from mmswap.apis.init.source import Source
from mmswap.apis.init.swap_init import init_swap

__all__ = ['Settings', 'Source', 'init_swap']
