"""The hooks of a phase, beside those of the stock config."""
from typing import Any, Dict, List, Optional

from mmengine.config import Config

from mmswap.apis.init.layout import Code, Node
from mmswap.config.types import type_name

# As many as mmdet's longer schedule has.
_FEW_EPOCHS = 24
# One watches a figure under its stock name, the other keeps two models.
_OF_STOCK_MODELS = ('EarlyStoppingHook', 'MeanTeacherHook')


def default_hooks(cfg: Config, total: int, by_epoch: bool) -> Node:
    """The hook that a swap adds, and about ten checkpoints on the way.

    Args:
        cfg: The stock config, whose checkpoint after each epoch stays where
            there are few.
        total: Epochs or iterations of the phase.
        by_epoch: Whether it is epochs.
    """
    checkpoint: Dict[str, Any] = {}
    if not by_epoch or total > _FEW_EPOCHS:
        checkpoint['interval'] = -(-total // 10)
    stock = cfg.get('default_hooks') or {}
    if (stock.get('checkpoint') or {}).get('save_best') is not None:
        # The figures of a swap have other names.
        checkpoint['save_best'] = None
    hooks: Dict[str, Any] = dict(swap=dict(type='mmswap.SwapHook'))
    if checkpoint:
        hooks['checkpoint'] = checkpoint
    return hooks


def usable_hooks(cfg: Config) -> Optional[List[Node]]:
    """The custom hooks of a stock config that work in a swap too.

    Args:
        cfg: The stock config.

    Returns:
        How a config that inherits calls each; None if all work.
    """
    hooks = cfg.get('custom_hooks') or []
    usable: List[Node] = [
        Code(f'_base_.custom_hooks[{number}]')
        for number, hook in enumerate(hooks)
        if type_name(hook.get('type')) not in _OF_STOCK_MODELS
    ]
    return usable if len(usable) < len(hooks) else None
