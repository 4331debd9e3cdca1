"""Runs the phases of a swap in order and does none of them twice."""
import copy
import os
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Union

from mmengine.config import Config
from mmengine.dist import barrier, broadcast_object_list, is_main_process
from mmengine.runner import find_latest_checkpoint

from mmswap.apis.base_scores import (
    base_fingerprint,
    score_later_forgets,
    tell_pretrained,
)
from mmswap.apis.config import drop_training
from mmswap.apis.console import ReadableConsole
from mmswap.apis.interruption import Interrupted
from mmswap.apis.launch import build_runner, prepare_distributed
from mmswap.apis.plan import BASE, Phase, default_work_dir, plan_phases
from mmswap.apis.report import primary_metrics
from mmswap.apis.state import SwapRecords, recorded_report, write_report
from mmswap.apis.training import (
    clear_last_checkpoint,
    count_groups,
    free_memory,
    latest_checkpoint,
    scalar_metrics,
    train,
)
from mmswap.apis.undo import undo_request
from mmswap.class_table import SPLITS, ClassTable
from mmswap.config.types import is_mmswap_type
from mmswap.engine.progress import duration


def run_swap(configs: Sequence[Union[str, Path]],
             work_dir: Optional[Union[str, Path]] = None,
             launcher: str = 'none',
             cfg_options: Optional[Dict[str, Any]] = None,
             amp: bool = False,
             new_adapters: bool = False,
             console: Optional[ReadableConsole] = None) -> Dict[str, Any]:
    """Run the phases of a swap, each from what the one before it wrote.

    Before the first phase the base model is evaluated. A phase that is
    finished, with the same config and the same phases before it, is not run
    again; one that was interrupted goes on from its last checkpoint.

    Args:
        configs: Config files of the phases, in order. The first one's
            ``load_from`` is the base model. Or the file of a plan of requests
            (:mod:`mmswap.config.requests`), each of which is a phase.
        work_dir: Gets a folder for each phase, ``swap_state.json``,
            ``swap_report.json`` and ``swap_report.md``. By default
            ``work_dirs/<common start of the config names>_swap``.
        launcher: ``'none'``, ``'pytorch'``, ``'slurm'`` or ``'mpi'``.
        cfg_options: Settings to override in every phase, by dotted key.
        amp: Train with automatic mixed precision.
        new_adapters: Give each phase an adapter of its own, named after it,
            instead of going on with that of the phase before (the published
            behaviour). A plan always does. Earlier ones are folded into the
            weights; see :meth:`~mmswap.models.SwapModel.undo`.
        console: Shows the run, and keeps the logs to their files; by default
            they are printed, too, as mmengine does.

    Returns:
        The report; see :func:`~mmswap.apis.report.build_report`. Its
        ``checkpoints`` are those of the phases.

    Raises:
        ValueError: If a config is not one of a phase of this swap. All are
            read before anything is run.
        Interrupted: On Ctrl-C; it tells what is saved.
    """
    folder = Path(work_dir or default_work_dir(configs))
    phases = plan_phases(configs, folder, launcher, cfg_options, amp,
                         new_adapters)
    prepare_distributed(phases[0].cfg)
    swap = _Swap(folder, phases, console)
    try:
        swap.run()
    except KeyboardInterrupt as error:
        raise Interrupted(swap.saved()) from error
    swap.records.write()
    report = recorded_report(swap.records, swap.records.phases)
    write_report(folder, report, say=swap.say)
    return report


class _Swap:
    """The phases of a swap and what is known of them."""

    def __init__(self, work_dir: Path, phases: List[Phase],
                 console: Optional[ReadableConsole]) -> None:
        self.work_dir = work_dir
        self.phases = phases
        self.console = console
        self.records = SwapRecords(work_dir)
        self.records.phases = [phase.name for phase in phases]

    def say(self, text: str) -> None:
        """Print lines; the first process alone."""
        if self.console is not None:
            self.console.say(text)
        elif is_main_process():
            print(text, flush=True)

    def run(self) -> None:
        """Evaluate the base and run every phase that is not finished."""
        first = self.phases[0]
        if self.records.has_finished(BASE, base_fingerprint(self.phases)):
            self.say('[swap] base: evaluated before')
        else:
            self._evaluate_base(first)
            free_memory()
        load_from = first.cfg.load_from
        for number, phase in enumerate(self.phases, 1):
            label = f'phase {number} of {len(self.phases)}, {phase.name}'
            if self.records.has_finished(phase.name, phase.fingerprint):
                self.say(f'[swap] {label}: finished before, not run again')
            else:
                run = self._undo if phase.undo else self._run_phase
                run(phase, load_from, label)
                free_memory()
            load_from = self.records.checkpoint(phase.name)

    def saved(self) -> str:
        """What there is of the swap, for one who interrupted it."""
        texts = []
        for phase in self.phases:
            latest = self._latest(phase)
            if self.records.has_finished(phase.name, phase.fingerprint):
                texts.append(f'{phase.name} is finished')
            elif latest:
                texts.append(f'of {phase.name} {latest} is saved')
            else:
                texts.append(f'of {phase.name} nothing is saved yet')
                break
        return ', '.join(texts)

    def _evaluate_base(self, first: Phase) -> None:
        cfg = copy.deepcopy(first.cfg)
        cfg.work_dir = str(self.work_dir / BASE)
        cfg.experiment_name = f'swap_{BASE}'
        cfg.resume = False
        score_later_forgets(cfg, self.phases)
        if _is_from_scratch(cfg):
            cfg.model.trains = 'all'  # Which loads the base.
        started = time.monotonic()
        runner = build_runner(cfg, self.console)
        self.say(f'[swap] base: evaluating {cfg.load_from}')
        metrics = scalar_metrics(runner.val())
        _check_metrics(metrics)
        self.records.put(
            BASE, fingerprint=base_fingerprint(self.phases), metrics=metrics)
        self.say(f'[swap] base: evaluated in {_since(started)}')

    def _run_phase(self, phase: Phase, load_from: str, label: str) -> None:
        started = time.monotonic()
        cfg = self._phase_cfg(phase, load_from)
        why = 'was interrupted, goes on from its last checkpoint' if (
            cfg.resume) else self.records.why_run(phase.name,
                                                  phase.fingerprint)
        runner = build_runner(cfg, self.console)
        self.say(f'[swap] {label}: {why}')
        if not cfg.resume:
            clear_last_checkpoint(cfg.work_dir)
        self.records.put(phase.name, fingerprint=phase.fingerprint)
        metrics = train(runner)
        checkpoint = [find_latest_checkpoint(cfg.work_dir)]
        broadcast_object_list(checkpoint)
        if checkpoint[0] is None:
            raise RuntimeError(f'no checkpoint was written to {cfg.work_dir}')
        self._finish(phase, checkpoint[0], metrics, count_groups(runner))
        self.say(f'[swap] {label}: finished in {_since(started)}')

    def _undo(self, phase: Phase, load_from: str, label: str) -> None:
        """Take an earlier request's adapter out and score what is left."""
        self.say(f'[swap] {label}: takes {phase.undo} out again')
        cfg = copy.deepcopy(phase.cfg)
        checkpoint = Path(cfg.work_dir) / 'undone.pth'
        if is_main_process():
            undo_request(cfg, load_from, phase.undo, checkpoint)
        barrier()
        cfg.load_from, cfg.resume = str(checkpoint), False
        drop_training(cfg)
        metrics = scalar_metrics(build_runner(cfg, self.console).val())
        self._finish(phase, str(checkpoint), metrics, {})

    def _finish(self, phase: Phase, checkpoint: str,
                metrics: Dict[str, float], groups: Dict[str, int]) -> None:
        """Record a phase that is over."""
        self.records.put(
            phase.name,
            fingerprint=phase.fingerprint,
            checkpoint=os.path.relpath(checkpoint, self.work_dir),
            metrics=metrics,
            groups=groups)

    def _latest(self, phase: Phase) -> Optional[str]:
        """The last checkpoint of a phase, with the config that it has now."""
        fingerprint = self.records.get(phase.name).get('fingerprint')
        if phase.undo or fingerprint != phase.fingerprint:
            return None
        return latest_checkpoint(phase.cfg.work_dir)

    def _phase_cfg(self, phase: Phase, load_from: str) -> Config:
        cfg = copy.deepcopy(phase.cfg)
        if _is_from_scratch(cfg):
            load_from = cfg.load_from  # Not where the last request ended.
        cfg.load_from, cfg.resume = load_from, False
        latest = self._latest(phase)
        if latest is not None:
            cfg.load_from, cfg.resume = latest, True
        base = self.records.get(BASE)['metrics']
        if cfg.model.classes == self.phases[0].cfg.model.classes:
            _tell_before(cfg, primary_metrics(base))
        else:
            # It measures its own start, by splits that the base has not.
            tell_pretrained(cfg, phase.name, base)
        return cfg


def _is_from_scratch(cfg: Config) -> bool:
    return cfg.model.get('trains') == 'from_scratch'


def _check_metrics(metrics: Dict[str, float]) -> None:
    if not any(f'swap/{split}' in metrics for split in SPLITS):
        raise ValueError(
            "val_evaluator must report 'swap/retain' and the other splits as "
            f'mmswap.SwapEvaluator does, got {sorted(metrics)}')


def _tell_before(cfg: Config, before: Dict[str, float]) -> None:
    """Give a phase the base's metrics instead of measuring them again."""
    table = ClassTable.from_cfg(cfg.model.classes)
    if 'forget' not in before and table.forget:
        return  # The evaluator could not do anything with it.
    if cfg.val_evaluator.get('before') is None:
        cfg.val_evaluator.before = before
    for hook in cfg.get('custom_hooks') or ():
        if is_mmswap_type(hook, 'SwapLogHook'):
            hook.measure_before = False


def _since(started: float) -> str:
    return duration(time.monotonic() - started)
