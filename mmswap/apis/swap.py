"""Runs the phases of a swap in order and does none of them twice."""
from pathlib import Path
from typing import Any, Dict, Optional, Sequence, Union

from mmswap.apis.console import ReadableConsole
from mmswap.apis.doctor import check_before_run
from mmswap.apis.gates import check_gates, judge, read_gates
from mmswap.apis.interruption import Interrupted
from mmswap.apis.launch import prepare_distributed
from mmswap.apis.page.page import IMAGES, check_images, try_to_write_page
from mmswap.apis.plan import BASE, default_work_dir, plan_phases
from mmswap.apis.state import recorded_report, write_report
from mmswap.apis.swap_phases import SwapPhases
from mmswap.class_table import ClassTable


def run_swap(configs: Sequence[Union[str, Path]],
             work_dir: Optional[Union[str, Path]] = None,
             launcher: str = 'none',
             cfg_options: Optional[Dict[str, Any]] = None,
             amp: bool = False,
             new_adapters: bool = False,
             console: Optional[ReadableConsole] = None,
             require: str = '',
             images: int = IMAGES) -> Dict[str, Any]:
    """Run the phases of a swap, each from what the one before it wrote.

    Before the first phase the base model is evaluated. A phase that is
    finished, with the same config and the same phases before it, is not run
    again; one that was interrupted goes on from its last checkpoint.

    Args:
        configs: Config files of the phases, in order. The first one's
            ``load_from`` is the base model. Or the file of a plan of requests
            (:mod:`mmswap.config.requests`), each of which is a phase.
        work_dir: Gets a folder for each phase, ``swap_state.json``,
            ``swap_report.json``, ``.md`` and ``.html``. By default
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
        require: Gates that the end of the swap is compared with; see
            :func:`~mmswap.apis.gates.read_gates`. By default none.
        images: How many images the page shows of what is forgotten, learned
            and retained, at each moment; 0 for none.

    Returns:
        The report; see :func:`~mmswap.apis.report.build_report`. Its
        ``checkpoints`` are those of the phases, its ``gates`` those that were
        required, with what was reached.

    Raises:
        ValueError: If a config is not one of a phase of this swap, something
            is required that is not measured, or one of the cheap checks of
            :func:`~mmswap.apis.doctor.diagnose` finds an error. All are read,
            and their models and data built, before anything is run.
        FloatingPointError: If a phase's loss or weights are no longer finite.
        Interrupted: On Ctrl-C; it tells what is saved.
    """
    folder = Path(work_dir or default_work_dir(configs))
    if folder.exists() and not folder.is_dir():
        raise ValueError(f'--work-dir must be a folder, got the file {folder}')
    phases = plan_phases(configs, folder, launcher, cfg_options, amp,
                         new_adapters)
    check_images(images)
    gates = read_gates(require) if require else []
    first = ClassTable.from_cfg(phases[0].cfg.model.classes)
    check_gates(gates, ClassTable.from_cfg(phases[-1].cfg.model.classes),
                first)
    prepare_distributed(phases[0].cfg)
    swap = SwapPhases(folder, phases, console)
    check_before_run(phases, folder, swap.say, swap.finished)
    swap.check()
    swap.records.how = _as_given(configs, cfg_options, amp, new_adapters)
    try:
        swap.run(gates)
    except KeyboardInterrupt as error:
        raise Interrupted(swap.saved()) from error
    last = phases[-1].name
    swap.records.gates = judge(
        gates, swap.records.get(BASE)['metrics'],
        swap.records.get(last)['metrics'], first, last)
    swap.records.write()
    report = recorded_report(swap.records, swap.records.phases)
    write_report(folder, report, say=swap.say)
    try_to_write_page(folder, images, say=swap.say)
    return report


def _as_given(configs: Sequence[Union[str, Path]],
              cfg_options: Optional[Dict[str, Any]], amp: bool,
              new_adapters: bool) -> Dict[str, Any]:
    """How a swap is run, for its state file: what json can hold."""
    # A list as --cfg-options reads it, without blanks.
    options = {key: value if isinstance(value, (str, int, float)) else
               repr(value).replace(' ', '')
               for key, value in (cfg_options or {}).items()}
    return dict(configs=[str(config) for config in configs],
                cfg_options=options, amp=amp, new_adapters=new_adapters)
