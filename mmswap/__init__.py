"""mmswap: learn new classes, forget chosen ones, retain the rest.

``custom_imports = dict(imports=['mmswap'])`` is all that a config needs; the
functions here do the same without a runner.
"""
from mmswap import datasets, engine, evaluation, tasks  # noqa: F401
from mmswap.config.stock import stock_config
from mmswap.models import checkpoint_reading  # noqa: F401
from mmswap.models.adapter_files import (
    load_adapter,
    merge_adapter,
    remove_adapter,
    save_adapter,
)
from mmswap.models.adapters.groups import group_norms
from mmswap.models.adapters.lora import apply_adapter
from mmswap.version import __version__

__all__ = [
    '__version__', 'apply_adapter', 'group_norms', 'load_adapter',
    'merge_adapter', 'remove_adapter', 'save_adapter', 'stock_config'
]
