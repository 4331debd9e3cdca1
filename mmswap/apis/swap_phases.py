"""The phases of a swap: which are to be run, and what they start from."""
import copy
import os
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from mmengine.config import Config
from mmengine.dist import barrier, broadcast_object_list, is_main_process

from mmswap.apis.base_scores import (
    base_fingerprint,
    score_later_forgets,
    tell_pretrained,
)
from mmswap.apis.config import drop_training
from mmswap.apis.console import ReadableConsole
from mmswap.apis.cost import phase_cost
from mmswap.apis.first_checks import check_parts
from mmswap.apis.gates import Gate, check_measured
from mmswap.apis.launch import build_runner
from mmswap.apis.plan import BASE, Phase
from mmswap.apis.report import primary_metrics
from mmswap.apis.state import SwapRecords
from mmswap.apis.training import (
    RunStamp,
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


class SwapPhases:
    """The phases of a swap and what is known of them.

    Args:
        work_dir: The swap's work dir.
        phases: The phases, in order.
        console: Shows the run; None to print the logs.

    Attributes:
        records: What is known of each phase.
        finished: Names of the phases whose good checkpoints are there.
    """

    def __init__(self, work_dir: Path, phases: List[Phase],
                 console: Optional[ReadableConsole]) -> None:
        self.work_dir = work_dir
        self.phases = phases
        self.console = console
        self.records = SwapRecords(work_dir)
        self.records.phases = [phase.name for phase in phases]
        self.finished = {
            phase.name for phase in phases
            if self.records.has_finished(phase.name, phase.fingerprint)}

    def say(self, text: str) -> None:
        """Print lines; the first process alone."""
        if self.console is not None:
            self.console.say(text)
        elif is_main_process():
            print(text, flush=True)

    def check(self) -> None:
        """Build what is still to be run, for its errors.

        Raises:
            ValueError: See :func:`check_parts`.
        """
        if len(self.finished) < len(self.phases):
            check_parts(self.phases)

    def run(self, gates: Sequence[Gate] = ()) -> None:
        """Evaluate the base and run every phase that is not finished.

        Args:
            gates: What the swap is to be compared with.
        """
        first = self.phases[0]
        if self.records.has_finished(BASE, base_fingerprint(self.phases)):
            self.say('[swap] base: evaluated before')
        else:
            self._evaluate_base(first)
            free_memory()
        check_measured(gates, self.records.get(BASE)['metrics'])
        load_from = first.cfg.load_from
        for number, phase in enumerate(self.phases, 1):
            label = f'phase {number} of {len(self.phases)}, {phase.name}'
            if phase.name in self.finished:
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
            if phase.name in self.finished:
                texts.append(f'{phase.name} is finished')
                continue
            latest = self._latest(phase)
            if latest:
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
        why = self.records.why_run(phase.name, phase.fingerprint)
        if cfg.resume:
            why = (f'{why or "was interrupted"}; goes on from '
                   f'{Path(cfg.load_from).name}')
        else:
            why = f'{why}; starts anew' if why else 'starts'
        runner = build_runner(cfg, self.console)
        runner.register_hook(RunStamp(phase.fingerprint))
        self.say(f'[swap] {label}: {why}')
        if not cfg.resume:
            clear_last_checkpoint(cfg.work_dir)
        spent = self._spent_before(phase, cfg)
        self.records.put(phase.name, fingerprint=phase.fingerprint)
        try:
            metrics = train(runner)
        finally:
            # Also where it is interrupted: a later run adds to this.
            cost = phase_cost(runner, spent + time.monotonic() - started)
            self.records.put(
                phase.name, fingerprint=phase.fingerprint, cost=cost)
        checkpoint = [latest_checkpoint(cfg.work_dir, run=phase.fingerprint)]
        broadcast_object_list(checkpoint)
        if checkpoint[0] is None:
            raise RuntimeError(f'no checkpoint was written to {cfg.work_dir}')
        self._finish(phase, checkpoint[0], metrics, count_groups(runner), cost)
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
                metrics: Dict[str, float], groups: Dict[str, int],
                cost: Optional[Dict[str, Any]] = None) -> None:
        """Record a phase that is over."""
        self.records.put(
            phase.name,
            fingerprint=phase.fingerprint,
            checkpoint=os.path.relpath(checkpoint, self.work_dir),
            metrics=metrics,
            groups=groups,
            cost=cost or {})
        self.finished.add(phase.name)

    def _spent_before(self, phase: Phase, cfg: Config) -> float:
        """Seconds that earlier runs of a phase took that is resumed."""
        if not cfg.resume:
            return 0.
        return self.records.get(phase.name).get('cost', {}).get('seconds', 0.)

    def _latest(self, phase: Phase) -> Optional[str]:
        """The last checkpoint of a phase, with the config that it has now."""
        fingerprint = self.records.get(phase.name).get('fingerprint')
        if phase.undo or fingerprint != phase.fingerprint:
            return None
        return latest_checkpoint(
            phase.cfg.work_dir, self._warn, phase.fingerprint)

    def _warn(self, line: str) -> None:
        self.say(f'[swap] WARNING: {line}')

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
