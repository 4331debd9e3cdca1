"""Looks at a swap before it is run."""
import io
import time
from pathlib import Path
from typing import (
    Any,
    Callable,
    Collection,
    Dict,
    List,
    Optional,
    Sequence,
    Union,
)

from mmengine.dist import broadcast_object_list, is_main_process

from mmswap.apis.console import ReadableConsole
from mmswap.apis.doctor.checks import run_checks
from mmswap.apis.doctor.diagnosis import Diagnosis
from mmswap.apis.doctor.examined import Examined
from mmswap.apis.doctor.reading import read_swap
from mmswap.apis.plan import Phase, default_work_dir


def diagnose(configs: Sequence[Union[str, Path]],
             work_dir: Optional[Union[str, Path]] = None,
             cfg_options: Optional[Dict[str, Any]] = None) -> Diagnosis:
    """Check a swap without training, and tell all that is wrong at once.

    Args:
        configs: As of :func:`~mmswap.apis.swap.run_swap`, as are the others.
        work_dir: The work dir, for the room on its disk; nothing is written.
        cfg_options: Settings to override in every phase, by dotted key.
    """
    started = time.monotonic()
    files = [str(config) for config in configs]
    folder = Path(work_dir or default_work_dir(files))
    # What libraries print while they are built is no part of it.
    with ReadableConsole(stream=io.StringIO()):
        phases, findings = read_swap(files, folder, cfg_options)
        findings = findings + run_checks(Examined(phases, folder))
    return Diagnosis([phase.name for phase in phases], findings,
                     time.monotonic() - started)


def check_before_run(phases: List[Phase], work_dir: Path,
                     say: Callable[[str], None],
                     finished: Collection[str] = ()) -> None:
    """Do the cheap checks of a swap that is about to be run.

    The first process does them for all.

    Args:
        phases: Its phases.
        work_dir: Its work dir.
        say: Prints a warning.
        finished: Names of the phases that are not run again, whose data may
            be gone.

    Raises:
        ValueError: If there is an error; the message has all of them.
    """
    errors: List[str] = []
    if is_main_process():
        found = Diagnosis(
            [phase.name for phase in phases],
            run_checks(Examined(phases, work_dir, finished), cheap=True), 0.)
        for each in found.of('warning'):
            say(f'WARNING: {each.key} {each.message} [{each.phase}]')
        errors = [f'{each.key} {each.message} [{each.phase}]'
                  for each in found.of('error')]
    shared = [errors]
    broadcast_object_list(shared)
    if shared[0]:
        raise ValueError('\n'.join(shared[0]))
