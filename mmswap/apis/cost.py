"""What a phase cost, and with what it was run."""
import importlib
from typing import Any, Dict

from mmengine.runner import Runner

from mmswap.engine.unwrap import swap_model_of

_PACKAGES = ('torch', 'numpy', 'peft', 'mmengine', 'mmcv', 'mmdet', 'mmseg',
             'mmpretrain', 'mmswap')


def phase_cost(runner: Runner, seconds: float) -> Dict[str, Any]:
    """What a phase cost.

    Args:
        runner: Its Runner.
        seconds: Wall-clock time, of all its runs where it was resumed.

    Returns:
        ``seconds``; ``steps``, iterations done; ``trained`` and ``weights``,
        how many numbers train and how many the model has; ``device``; and
        ``versions``, see :func:`versions`.
    """
    parameters = list(swap_model_of(runner).parameters())
    return dict(
        seconds=seconds,
        steps=runner.iter,
        trained=sum(p.numel() for p in parameters if p.requires_grad),
        weights=sum(p.numel() for p in parameters),
        device=str(parameters[0].device),
        versions=versions())


def versions() -> Dict[str, str]:
    """Versions of torch, OpenMMLab and mmswap, of those that are there."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = importlib.import_module(name).__version__
        except (ImportError, AttributeError, AssertionError):
            continue  # Not there, or one that refuses the mmcv that is.
    return found
