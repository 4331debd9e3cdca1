"""The hooks of a phase, beside those of the stock config."""
from typing import Any, Dict, List, Optional

from mmengine.config import Config

from mmswap.apis.init.layout import Code, Node
from mmswap.config.types import type_name

# One watches a figure under its stock name, the other keeps two models.
_OF_STOCK_MODELS = ('EarlyStoppingHook', 'MeanTeacherHook')


def default_hooks(cfg: Config, interval: int) -> Node:
    """The hook that a swap adds, and a checkpoint at the end.

    Args:
        cfg: The stock config.
        interval: Epochs or iterations of the phase.
    """
    checkpoint: Dict[str, Any] = dict(interval=interval)
    hooks = cfg.get('default_hooks') or {}
    if (hooks.get('checkpoint') or {}).get('save_best') is not None:
        # The figures of a swap have other names.
        checkpoint['save_best'] = None
    return dict(swap=dict(type='mmswap.SwapHook'), checkpoint=checkpoint)


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
