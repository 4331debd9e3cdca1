"""Shows a run to who watches it: what it does, how far it is, its scores."""
from pathlib import Path
from typing import Any, Dict, Optional, Sequence

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner
from torch import nn

from mmswap.class_table import ALL_SPLITS
from mmswap.config.listing import listed
from mmswap.datasets import SwapDataset
from mmswap.engine.progress import Bar, Console
from mmswap.engine.unwrap import swap_model_of
from mmswap.evaluation.score_tables import validation_table
from mmswap.models import SwapModel
from mmswap.registry import HOOKS

_LOSS = 'train/loss'
_PATIENCE = 30  # seconds between two lines of a validation
_SHOWN = 8  # names of a split


@HOOKS.register_module()
class ConsoleHook(Hook):
    """A few lines, a bar and one table a validation.

    ``mmswap run``, ``train`` and ``test`` add it and send everything else to
    the log file alone (:class:`mmswap.apis.console.ReadableConsole`). The
    loss is the one that mmengine has in its message hub anyway, read when it
    is shown; nothing waits for a GPU.

    Args:
        console: Where to print; by default a console on ``sys.stdout``.
    """

    # Before the hooks that take their time before a phase begins.
    priority = 'ABOVE_NORMAL'

    def __init__(self, console: Optional[Console] = None) -> None:
        self.console = console or Console()
        self._train: Optional[Bar] = None
        self._score: Optional[Bar] = None

    def before_run(self, runner: Runner) -> None:
        """Let the first process alone print."""
        self.console.silent = not is_main_process()

    def before_train(self, runner: Runner) -> None:
        """Say what is trained, and on what."""
        self.console.say(describe_training(runner))
        self._train = Bar(self.console, 'train', runner.max_iters,
                          runner.iter)

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: Any = None,
                         outputs: Optional[dict] = None) -> None:
        """Move the bar."""
        if self._train is not None:
            self._train.update(runner.iter + 1, lambda: _tell(runner))

    def after_train(self, runner: Runner) -> None:
        """Close the bar."""
        if self._train is not None:
            self._train.pause()
            self._train = None

    def before_val_epoch(self, runner: Runner) -> None:
        """Begin the bar of a validation."""
        if self._train is not None:
            self._train.pause()
        self._score = Bar(self.console, 'validate',
                          len(runner.val_dataloader), patience=_PATIENCE)

    def after_val_iter(self,
                       runner: Runner,
                       batch_idx: int,
                       data_batch: Any = None,
                       outputs: Optional[Sequence] = None) -> None:
        """Move the bar."""
        self._move(batch_idx)

    def after_val_epoch(self,
                        runner: Runner,
                        metrics: Optional[Dict[str, float]] = None) -> None:
        """Print the table."""
        self._show(metrics)

    def before_test_epoch(self, runner: Runner) -> None:
        """Begin the bar of a test."""
        self._score = Bar(self.console, 'test', len(runner.test_dataloader),
                          patience=_PATIENCE)

    def after_test_iter(self,
                        runner: Runner,
                        batch_idx: int,
                        data_batch: Any = None,
                        outputs: Optional[Sequence] = None) -> None:
        """Move the bar."""
        self._move(batch_idx)

    def after_test_epoch(self,
                         runner: Runner,
                         metrics: Optional[Dict[str, float]] = None) -> None:
        """Print the table."""
        self._show(metrics)

    def _move(self, batch_idx: int) -> None:
        if self._score is not None:
            self._score.update(batch_idx + 1)

    def _show(self, metrics: Optional[Dict[str, float]]) -> None:
        self.console.clear()
        self._score = None
        table = validation_table(metrics or {})
        if table:
            self.console.say(_indent(table))


def describe_training(runner: Runner) -> str:
    """Say what a Runner is about to train: classes, images, parameters.

    Args:
        runner: One that has built its model and its training data.
    """
    model = swap_model_of(runner)
    lines = []
    if isinstance(model, SwapModel):
        table = model.class_table
        names = {split: getattr(table, split) for split in ALL_SPLITS}
        lines.append('classes: ' + '; '.join(
            f'{split} {listed(found, _SHOWN)}'
            for split, found in names.items() if found))
    lines.append(f'images: {_images(runner.train_dataloader.dataset)}; '
                 f'trains {_parameters(model)}')
    lines.append(f'log: {Path(runner.log_dir) / runner.timestamp}.log')
    if runner.iter:
        lines.append(f'goes on after step {runner.iter:,} of '
                     f'{runner.max_iters:,}')
    return _indent('\n'.join(lines))


def _images(dataset: Any) -> str:
    """How many images there are, of each branch."""
    if not isinstance(dataset, SwapDataset):
        return f'{len(dataset):,}' if hasattr(dataset, '__len__') else 'many'
    return ', '.join(f'{len(dataset.branch_range(branch)):,} {branch}'
                     for branch in dataset.branches)


def _parameters(model: nn.Module) -> str:
    """How many parameters train, and in how many groups."""
    sizes = [(p.numel(), p.requires_grad) for p in model.parameters()]
    trained = sum(size for size, trains in sizes if trains)
    text = f'{trained:,} of {sum(size for size, _ in sizes):,} parameters'
    groups = model.groups if isinstance(model, SwapModel) else {}
    return f'{text}, {len(groups)} adapter groups' if groups else text


def _tell(runner: Runner) -> str:
    """The loss, and the epoch where the loop counts those."""
    texts = []
    if isinstance(runner.train_loop, EpochBasedTrainLoop):
        texts.append(f'epoch {runner.epoch + 1} of {runner.max_epochs}')
    losses = runner.message_hub.log_scalars.get(_LOSS)
    if losses is not None:
        texts.append(f'loss {losses.mean(10):.4g}')
    return '  '.join(texts)


def _indent(text: str) -> str:
    return '\n'.join(f'  {line}' for line in text.split('\n'))
