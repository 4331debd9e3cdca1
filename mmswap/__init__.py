"""mmswap: learn new classes, forget chosen ones, retain the rest.

``custom_imports = dict(imports=['mmswap'])`` is all that a config needs; the
functions here do the same without a runner.
"""
from . import datasets, engine, evaluation  # noqa: F401
from .models import checkpoint_files  # noqa: F401
from .models.adapter_io import (
                                load_adapter,
                                merge_adapter,
                                remove_adapter,
                                save_adapter,
)
from .models.groups import group_norms
from .models.lora import apply_adapter
from .stock import stock_config

__version__ = '0.1.0'

__all__ = [
    'apply_adapter', 'group_norms', 'load_adapter', 'merge_adapter',
    'remove_adapter', 'save_adapter', 'stock_config'
]
