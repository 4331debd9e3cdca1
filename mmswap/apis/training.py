"""One training run, and what is in the folder that it writes to."""
import gc
from pathlib import Path
from typing import Any, Callable, Dict, Optional, Union

import torch
from mmengine.dist import master_only
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmswap.apis.checkpoint import read_checkpoint
from mmswap.engine.hooks import SwapHook
from mmswap.engine.saved_files import (
    LAST,
    instead_of,
    named_checkpoint,
    newest_checkpoint,
)
from mmswap.engine.unwrap import swap_model_of
from mmswap.evaluation.score_tables import scalar_metrics

_STAMP = 'mmswap_run'


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


class RunStamp(Hook):
    """Writes into each checkpoint which run it is of.

    Args:
        run: The fingerprint of the run.
    """

    def __init__(self, run: str) -> None:
        self.run = run

    def before_save_checkpoint(self, runner: Runner,
                               checkpoint: Dict[str, Any]) -> None:
        """Write it."""
        del runner
        checkpoint[_STAMP] = self.run


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


def latest_checkpoint(folder: Union[str, Path],
                      say: Optional[Callable[[str], None]] = None,
                      run: Optional[str] = None) -> Optional[str]:
    """The newest good checkpoint in a run's folder.

    Args:
        folder: The run's work dir.
        say: Gets a line where the last one is damaged and another is named.
        run: What :class:`RunStamp` wrote into the checkpoints of the run. By
            default a file that is there is taken for one of it.

    Returns:
        None where nothing good was saved.
    """
    def is_of_run(path: Path) -> bool:
        return run is None or read_checkpoint(path).get(_STAMP) == run

    newest = newest_checkpoint(folder, is_of_run)
    if newest is None:
        return None
    named = named_checkpoint(folder)
    if say is not None and newest != named:
        say(instead_of(named, newest, folder))
    return str(newest)


@master_only
def clear_last_checkpoint(folder: str) -> None:
    """Let nothing resume from what an earlier config left in the folder."""
    (Path(folder) / LAST).unlink(missing_ok=True)


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
