"""Logs what a swap does to its groups and objects, and where it started."""
from pathlib import Path
from typing import Any, Dict, Optional, Union

import torch
from mmengine.dist import master_only
from mmengine.evaluator import Evaluator
from mmengine.fileio import dump
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmswap.engine.progress import FOR_CONSOLE
from mmswap.engine.unwrap import swap_model_of
from mmswap.evaluation import SwapEvaluator
from mmswap.evaluation.score_tables import validation_table
from mmswap.models.adapters.groups import stacked_norms
from mmswap.registry import HOOKS

_NAMES_FILE = 'names.json'
_BEFORE = 'mmswap_before'


@HOOKS.register_module()
class SwapLogHook(Hook):
    """Group norms to the visualizer; the split metrics before training.

    What objects are called, class by class, goes to ``names.json`` in the
    work dir with each validation, and to ``vis_data`` beside the log with a
    test.

    Args:
        interval: Iterations between two readings of the group norms. A
            reading costs one transfer from the GPU.
        measure_before: Validate once before the first iteration, so that
            ``swap/h_mean`` knows what was there to forget. Skipped where the
            evaluator was told (``val_evaluator.before``), where there is no
            SwapEvaluator, and in a resumed run, which remembers.

    Raises:
        ValueError: If ``interval`` is not positive.
    """

    priority = 'NORMAL'

    def __init__(self,
                 interval: int = 50,
                 measure_before: bool = True) -> None:
        if interval < 1:
            raise ValueError(f'SwapLogHook.interval must be positive, got '
                             f'{interval}')
        self.interval = interval
        self.measure_before = measure_before
        self._before: Optional[Dict[str, float]] = None
        self._loaded: Optional[Dict[str, float]] = None

    def before_train(self, runner: Runner) -> None:
        """Measure the splits before the first iteration."""
        evaluator = getattr(runner.val_loop, 'evaluator', None)
        if (not isinstance(evaluator, SwapEvaluator)
                or evaluator.before is not None):
            return
        if runner.iter > 0:
            self._before = self._loaded
        elif self.measure_before:
            self._before = self._measure(runner)
        if self._before:
            evaluator.set_before(self._before)

    def before_save_checkpoint(self, runner: Runner,
                               checkpoint: Dict[str, Any]) -> None:
        """Keep what was measured."""
        if self._before is not None:
            checkpoint[_BEFORE] = self._before

    def after_load_checkpoint(self, runner: Runner,
                              checkpoint: Dict[str, Any]) -> None:
        """Take it, for the case that the run is resumed."""
        self._loaded = checkpoint.get(_BEFORE)

    @staticmethod
    def _measure(runner: Runner) -> Dict[str, float]:
        """The primary metric of each split, by validating once."""
        runner.logger.info('mmswap: validating once before training',
                           extra=FOR_CONSOLE)
        metrics = _validate(runner)
        before = {
            key.split('/')[1]: value
            for key, value in metrics.items()
            if key in ('swap/retain', 'swap/forget', 'swap/learn')
        }
        runner.logger.info(
            'mmswap: before training ' +
            ', '.join(f'{k} {v:.4f}' for k, v in before.items()) + '\n' +
            validation_table(metrics))
        return before

    def after_train_iter(self,
                         runner: Runner,
                         batch_idx: int,
                         data_batch: Any = None,
                         outputs: Optional[dict] = None) -> None:
        """Log the norm of each group, how many are active, and what is next.

        In proximal mode ``swap/steps_to_zero_min`` is the number of steps
        after which the smallest group would be zero.
        """
        if not self.every_n_train_iters(runner, self.interval):
            return
        groups = swap_model_of(runner).groups
        if not groups:
            return  # All weights train, without an adapter.
        values = stacked_norms(groups.values()).tolist()
        active = sum(value > 0 for value in values)
        scalars = {
            f'group_norm/{name}': value
            for name, value in zip(groups, values)
        }
        scalars['swap/active_groups'] = active
        scalars['swap/group_norm_sum'] = sum(values)
        sparsity = getattr(runner.optim_wrapper, 'sparsity', None)
        if sparsity is not None:
            scalars.update(sparsity.scalars(runner.optim_wrapper.optimizer))
        runner.visualizer.add_scalars(scalars, step=runner.iter + 1)

    def after_val_epoch(self,
                        runner: Runner,
                        metrics: Optional[Dict[str, float]] = None) -> None:
        """Write what objects are called."""
        del metrics
        _write_names(runner.val_loop.evaluator, runner.work_dir)

    def after_test_epoch(self,
                         runner: Runner,
                         metrics: Optional[Dict[str, float]] = None) -> None:
        """Write what objects are called."""
        del metrics
        # Beside the visualizer's json files, and not among the logs, where
        # scripts take the last one for the scores.
        _write_names(runner.test_loop.evaluator,
                     Path(runner.log_dir) / 'vis_data')


@master_only
def _write_names(evaluator: Evaluator, folder: Union[str, Path]) -> None:
    """Write the counts of a SwapEvaluator that has some."""
    if isinstance(evaluator, SwapEvaluator) and evaluator.names is not None:
        dump(evaluator.names.as_dict(), Path(folder) / _NAMES_FILE)


@torch.no_grad()
def _validate(runner: Runner) -> Dict[str, float]:
    """The validation metrics, without the hooks of a validation.

    With them ``CheckpointHook`` could take the model as it comes for the
    best one.
    """
    loop = runner.val_loop
    runner.model.eval()
    for data_batch in loop.dataloader:
        outputs = runner.model.val_step(data_batch)
        loop.evaluator.process(data_samples=outputs, data_batch=data_batch)
    return loop.evaluator.evaluate(len(loop.dataloader.dataset))
