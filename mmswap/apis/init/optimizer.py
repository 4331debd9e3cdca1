"""The optimizer of a phase."""
from typing import Any, Dict

from mmengine.config import Config

from mmswap.apis.init.layout import Node
from mmswap.config.types import type_name

# Nano models were swapped with 2e-3 to 5e-3, COCO models with 1e-4 to 1e-3.
_LEARNING_RATE = 1e-3
# torch's default of AdamW.
_WEIGHT_DECAY = 1e-2
_WRAPPERS = ('OptimWrapper', 'AmpOptimWrapper')


def check_wrapper(cfg: Config) -> None:
    """Refuse a stock config whose optim wrapper cannot be kept.

    Args:
        cfg: The stock config.

    Raises:
        ValueError: If it has no group-sparse form.
    """
    kind = cfg.optim_wrapper.get('type', 'OptimWrapper')
    if type_name(kind) not in _WRAPPERS:
        raise ValueError(f'optim_wrapper.type of STOCK_CONFIG must be one of '
                         f'{list(_WRAPPERS)}, got {kind!r}')


def optim_wrapper(cfg: Config) -> Node:
    """What a phase changes in the stock optim wrapper.

    Args:
        cfg: The stock config.
    """
    stock = cfg.optim_wrapper
    optimizer: Dict[str, Any] = dict(lr=_LEARNING_RATE)
    if type_name((stock.get('optimizer') or {}).get('type')) != 'AdamW':
        # The stock config may say how much decay others have of it.
        optimizer = dict(_delete_=True, type='AdamW', **optimizer,
                         weight_decay=_WEIGHT_DECAY)
    changes: Dict[str, Any] = dict(
        constructor='mmswap.SwapOptimWrapperConstructor', optimizer=optimizer)
    if _scales_rates(stock.get('paramwise_cfg') or {}):
        # Less for a backbone, or more for a head, is for all their weights.
        changes['paramwise_cfg'] = None
    return changes


def _scales_rates(paramwise: Dict[str, Any]) -> bool:
    """Whether some parameters have another learning rate than the rest."""
    keys = {key for key in paramwise if key != 'custom_keys'}
    for custom in (paramwise.get('custom_keys') or {}).values():
        keys.update(custom)
    return any('lr_mult' in key or 'decay_rate' in key or 'num_layers' in key
               for key in keys)
