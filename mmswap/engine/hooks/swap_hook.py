"""Begins or resumes a phase, and makes its steps repeatable."""
from typing import Any, Dict, Optional

from mmengine.dist import barrier, get_rank, is_main_process
from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import IterBasedTrainLoop, Runner

from mmswap.datasets import SwapSampler
from mmswap.datasets.seeding import seed_all
from mmswap.engine.averaging import average_what_trains, averaged_model_of
from mmswap.engine.batch_checks import check_batches
from mmswap.engine.class_checks import (
    check_base_rows,
    check_checkpoint_classes,
    check_run_classes,
)
from mmswap.engine.hooks.adapter_hook import AdapterHook
from mmswap.engine.hooks.finite_hook import FiniteHook
from mmswap.engine.hooks.swap_log_hook import SwapLogHook
from mmswap.engine.paths import hide_paths, restore_paths
from mmswap.engine.saved_files import BACKEND, mend_last_checkpoint
from mmswap.engine.unwrap import swap_model_of
from mmswap.models import SwapModel
from mmswap.registry import HOOKS

_SAMPLER_SEED = 'mmswap_sampler_seed'
_UPDATES = 'mmswap_updates'


@HOOKS.register_module()
class SwapHook(Hook):
    """What every run of a ``mmswap.SwapModel`` needs.

    In a config: ``default_hooks = dict(swap=dict(type='mmswap.SwapHook'))``.
    It brings a ``SwapLogHook``, an ``AdapterHook`` and a ``FiniteHook`` to a
    run that has none. Checkpoints on this machine's disks are written as a
    whole or not at all, and ``last_checkpoint`` is made to name the newest
    good one of its folder before a run resumes by it.

    Before the first iteration it begins a phase, or resumes one: a run at
    iteration 0 begins, whatever it has loaded. Before every iteration it
    seeds Python, numpy and torch by the run's seed, the rank and the
    iteration, so that what a model draws while it trains (denoising queries,
    sampled points, dropout, sizes of a batch) is the same in a run that was
    interrupted and resumed. Of a stock model it does only the latter.

    A resumed run gets the seed of its ``SwapSampler`` back, which mmengine
    draws anew where ``randomness.seed`` is not set. And where the loop counts
    iterations the sampler does not end at the epochs, at each of which
    mmengine would wait two seconds and start the workers anew.

    Checkpoints have no absolute paths (:mod:`mmswap.engine.paths`).

    Args:
        log: Whether to bring a ``mmswap.SwapLogHook``.
        export_adapter: Whether to bring a ``mmswap.AdapterHook``.
    """

    # Before the hooks that go by what the phase begins with.
    priority = 'VERY_HIGH'

    def __init__(self, log: bool = True, export_adapter: bool = True) -> None:
        self.log = log
        self.export_adapter = export_adapter
        self._sampler_seed: Optional[int] = None
        self._loaded_updates: Optional[int] = None
        self._updates = 0

    def before_run(self, runner: Runner) -> None:
        """Bring the other hooks, and let checkpoints be saved as a whole."""
        self._keep_checkpoints_whole(runner)
        is_swap = isinstance(swap_model_of(runner), SwapModel)
        for wanted, kind in ((True, FiniteHook),
                             (is_swap and self.log, SwapLogHook),
                             (is_swap and self.export_adapter, AdapterHook)):
            # Below this one's priority, so that the Runner, which goes
            # through its hooks right now, comes to them once.
            if wanted and not any(isinstance(h, kind) for h in runner.hooks):
                runner.register_hook(kind())

    def before_train(self, runner: Runner) -> None:
        """Begin or resume the phase, with the sampler as it has to be.

        The moving average of an EMAHook begins and resumes with the model.

        Raises:
            ValueError: If the class tables of the run are not one, or the
                batches are not those of the ``SwapSampler``.
        """
        self._set_sampler(runner)
        model = swap_model_of(runner)
        if not isinstance(model, SwapModel):
            return
        check_run_classes(runner, model.class_table)
        begins = runner.iter == 0
        for each in filter(None, (model, averaged_model_of(runner))):
            if begins:
                each.start_phase()
            else:
                each.resume_phase()
        average_what_trains(runner)
        # Earlier checkpoints do not count updates.
        resumed = (runner.iter if self._loaded_updates is None else
                   self._loaded_updates)
        self._updates = 0 if begins else resumed
        runner.optim_wrapper.optimizer.register_step_post_hook(self._count)

    def before_train_iter(self,
                          runner: Runner,
                          batch_idx: int,
                          data_batch: Any = None) -> None:
        """Seed, and tell the objective how many updates there were."""
        del batch_idx, data_batch
        model = swap_model_of(runner)
        if isinstance(model, SwapModel):
            model.objective.set_updates(self._updates)
        if runner.seed is not None:
            seed_all((runner.seed, get_rank(), runner.iter))

    def before_save_checkpoint(self, runner: Runner,
                               checkpoint: Dict[str, Any]) -> None:
        """Keep the sampler's seed and the number of updates.

        The paths of the machine are not kept.
        """
        hide_paths(checkpoint, runner.cfg, runner.work_dir)
        checkpoint[_UPDATES] = self._updates
        sampler = _swap_sampler(runner)
        if sampler is not None:
            checkpoint[_SAMPLER_SEED] = sampler.seed

    def after_load_checkpoint(self, runner: Runner,
                              checkpoint: Dict[str, Any]) -> None:
        """Take both, for the case that the run is resumed.

        Raises:
            ValueError: If a class of the checkpoint has another label in the
                model, or none says what its last rows are.
        """
        restore_paths(checkpoint, runner.work_dir)
        self._loaded_updates = checkpoint.get(_UPDATES)
        self._sampler_seed = checkpoint.get(_SAMPLER_SEED)
        model = swap_model_of(runner)
        if isinstance(model, SwapModel):
            meta = checkpoint.get('meta') or {}
            if runner.cfg.get('resume') and 'epoch' not in meta:
                raise ValueError(
                    '--resume must be of a checkpoint that a run has saved, '
                    f'got {runner.cfg.get("load_from")}; what a run begins '
                    'with is load_from')
            check_checkpoint_classes(meta, model.class_table)
            check_base_rows(
                model, checkpoint.get('state_dict', checkpoint), meta)

    def _keep_checkpoints_whole(self, runner: Runner) -> None:
        """mmengine's hook writes in place, and resumes by what was named."""
        for hook in runner.hooks:
            if isinstance(hook, CheckpointHook) and not (
                    hook.backend_args or hook.file_client_args or
                    '://' in (hook.out_dir or '')):
                hook.backend_args = dict(backend=BACKEND)
        if not runner.cfg.get('resume') or runner.cfg.get('load_from'):
            return  # Nothing is read by what was named.
        if is_main_process():
            warning = mend_last_checkpoint(runner.work_dir)
            if warning:
                runner.logger.warning(warning)
        barrier()

    def _count(self, *_: Any) -> None:
        """Post hook of the optimizer's step."""
        self._updates += 1

    def _set_sampler(self, runner: Runner) -> None:
        sampler = _swap_sampler(runner)
        if sampler is None:
            return
        check_batches(runner.train_loop.dataloader)
        if runner.iter > 0 and self._sampler_seed is not None:
            sampler.seed = self._sampler_seed
        sampler.endless = isinstance(runner.train_loop, IterBasedTrainLoop)


def _swap_sampler(runner: Runner) -> Optional[SwapSampler]:
    """The sampler of the training, if it is a SwapSampler."""
    loader = getattr(runner.train_loop, 'dataloader', None)
    sampler = getattr(loader, 'sampler', None)
    return sampler if isinstance(sampler, SwapSampler) else None
