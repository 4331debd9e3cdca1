"""One training run, and what is in the folder that it writes to."""
import gc
from pathlib import Path
from typing import Any, Dict, Optional

import torch
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner, find_latest_checkpoint

from mmswap.engine.hooks import SwapHook
from mmswap.engine.unwrap import swap_model_of
from mmswap.evaluation.score_tables import scalar_metrics


class _LastMetrics(Hook):
    """Keeps the metrics of the last validation and when it was."""

    priority = 'LOWEST'

    def __init__(self) -> None:
        self.iter: Optional[int] = None
        self.metrics: Dict[str, Any] = {}

    def after_val_epoch(self,
                        runner: Runner,
                        metrics: Optional[Dict[str, Any]] = None) -> None:
        """Keep them."""
        self.iter, self.metrics = runner.iter, dict(metrics or {})


def train(runner: Runner) -> Dict[str, float]:
    """Train and return the metrics of the model at the end."""
    last = _LastMetrics()
    runner.register_hook(last)
    if not any(isinstance(hook, SwapHook) for hook in runner.hooks):
        runner.register_hook(SwapHook())
    runner.train()
    if last.iter == runner.iter:
        return scalar_metrics(last.metrics)
    # Not Runner.val, whose before_run would set hooks up a second time.
    return scalar_metrics(runner.val_loop.run())


def latest_checkpoint(folder: str) -> Optional[str]:
    """The last checkpoint in a phase's folder that is still there."""
    if not (Path(folder) / 'last_checkpoint').is_file():
        return None
    named = Path(find_latest_checkpoint(folder))
    for path in (named, Path(folder) / named.name):
        if path.is_file():
            return str(path)
    return None


@master_only
def clear_last_checkpoint(folder: str) -> None:
    """Let nothing resume from what an earlier config left in the folder."""
    (Path(folder) / 'last_checkpoint').unlink(missing_ok=True)


def free_memory() -> None:
    """Give back what the Runner of the last phase held."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def count_groups(runner: Runner) -> Dict[str, int]:
    """How many adapter groups a phase changed, and how many there are.

    Empty for a model that knows no groups.
    """
    model = swap_model_of(runner)
    changed = getattr(model, 'changed_groups', None)
    return {} if changed is None else dict(
        changed=len(changed), all=len(model.groups))
