"""What a swap leaves in its work dir: its state and its report."""
import itertools
import json
from pathlib import Path
from typing import Any, Callable, Dict, List, Sequence

from mmengine.dist import is_main_process, master_only

from mmswap.apis.plan import BASE, common_start
from mmswap.apis.report import Column, build_report, format_report
from mmswap.models.intact import damage
from mmswap.whole_file import write_text

STATE_FILE = 'swap_state.json'
REPORT_STEM = 'swap_report'


class SwapRecords:
    """What is known of the base model and of each phase.

    ``swap_state.json`` holds a record of the base's evaluation and of each
    phase: its fingerprint and, when it is finished, its metrics and its
    checkpoint. All processes read it before the first of them writes it:
    every Runner that is built waits for all of them.

    Args:
        work_dir: The swap's work dir.

    Attributes:
        phases: Names of the swap's phases, in order; written with the next
            record, as are the following.
        how: How the swap was run, the arguments that reproduce it.
        gates: What :func:`~mmswap.apis.gates.judge` found at its end; empty
            where nothing was required.

    Raises:
        ValueError: If the state file is not what mmswap wrote.
    """

    def __init__(self, work_dir: Path) -> None:
        self.work_dir = work_dir
        state = _read_state(work_dir / STATE_FILE)
        self._records: Dict[str, Dict[str, Any]] = state['records']
        self.phases: List[str] = state['phases']
        self.how: Dict[str, Any] = state.get('how', {})
        self.gates: List[Dict[str, Any]] = state.get('gates', [])

    def get(self, name: str) -> Dict[str, Any]:
        """The record of a phase or the base; empty where there is none."""
        return self._records.get(name, {})

    def put(self, name: str, **record: Any) -> None:
        """Replace a record, and write all of them to the state file.

        Args:
            name: Of the phase or the base.
            record: ``fingerprint`` and, when it is finished, ``metrics``,
                ``checkpoint``, a path relative to the work dir so that the
                folder can be moved, ``groups`` and ``cost``.
        """
        self._records[name] = record
        self.write()

    def write(self) -> None:
        """Write what is known to the state file."""
        _write_state(
            self.work_dir / STATE_FILE,
            dict(format=1, phases=self.phases, how=self.how, gates=self.gates,
                 records=self._records))

    def checkpoint(self, name: str) -> str:
        """The path of a finished phase's checkpoint."""
        return str(self.work_dir / self._records[name]['checkpoint'])

    def has_finished(self, name: str, fingerprint: str) -> bool:
        """Whether there is nothing left to do.

        Args:
            name: Of the phase or the base.
            fingerprint: What it must have been run with. The checkpoint of a
                phase must be there still, as it was written.
        """
        record = self.get(name)
        if 'metrics' not in record or record['fingerprint'] != fingerprint:
            return False
        return 'checkpoint' not in record or not self._fault(name)

    def _fault(self, name: str) -> str:
        """What is wrong with a finished phase's checkpoint, if anything."""
        path = Path(self.checkpoint(name))
        if not path.is_file():
            return 'is gone'
        found = damage(path)
        return f'is damaged ({found})' if found else ''

    def why_run(self, name: str, fingerprint: str) -> str:
        """Why a phase that was run before is run again.

        Args:
            name: Of the phase.
            fingerprint: What it is to be run with.

        Returns:
            A clause; empty for a phase that has not finished before.
        """
        record = self.get(name)
        if record.get('fingerprint', fingerprint) != fingerprint:
            return ('its config, or something before it, is not what it was '
                    'run with')
        if 'metrics' in record:
            return f'its checkpoint {self._fault(name)}'
        return ''


def _read_state(path: Path) -> Dict[str, Any]:
    """The records of a swap and its phases, none where it has not begun."""
    if not path.is_file():
        return dict(records={}, phases=[])
    try:
        state = json.loads(path.read_text())
        records = {name: dict(record)
                   for name, record in dict(state['records']).items()}
        # Earlier releases did not list the phases.
        phases = [name for name in records if name != BASE]
        return dict(dict(phases=phases), **dict(state, records=records))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f'{path} must be what mmswap wrote; delete it to '
                         f'start the swap anew ({error!r})') from error


@master_only
def _write_state(path: Path, state: Dict[str, Any]) -> None:
    write_text(path, json.dumps(state, indent=2) + '\n')


def read_report(work_dir: Path) -> Dict[str, Any]:
    """The report of a swap in its work dir, as far as it is.

    Args:
        work_dir: The swap's work dir.

    Returns:
        See :func:`recorded_report`; of the phases before the first one that
        is not finished.

    Raises:
        ValueError: If there is no swap in the folder, or its base was not
            evaluated yet.
    """
    records = SwapRecords(work_dir)
    if 'metrics' not in records.get(BASE):
        raise ValueError(
            f'WORK_DIR must be one of mmswap run, with the base evaluated in '
            f'its {STATE_FILE}, got {work_dir}')
    return recorded_report(records, list(itertools.takewhile(
        lambda name: 'metrics' in records.get(name), records.phases)))


def recorded_report(records: SwapRecords,
                    names: Sequence[str]) -> Dict[str, Any]:
    """The report of a swap, from what is recorded of it.

    Args:
        records: What is known of the swap.
        names: Those of its phases, in order, all finished.

    Returns:
        See :func:`~mmswap.apis.report.build_report`; ``checkpoints``, by the
        name of the phase; and, where something was required of the whole
        swap, ``gates``.
    """
    columns = [Column('base', records.get(BASE)['metrics'])]
    start = len(common_start(names)) if len(names) > 1 else 0
    for name in names:
        record = records.get(name)
        columns.append(
            Column(f'after {name[start:]}', record['metrics'],
                   record.get('groups')))
    report = build_report(columns)
    report['checkpoints'] = {name: records.checkpoint(name) for name in names}
    if records.gates and list(names) == records.phases:
        report['gates'] = records.gates
    return report


def write_report(work_dir: Path,
                 report: Dict[str, Any],
                 say: Callable[[str], None] = print) -> None:
    """Write the report as JSON and Markdown, and print it.

    Args:
        work_dir: The swap's work dir.
        report: What :func:`recorded_report` returned.
        say: Prints lines.
    """
    if not is_main_process():
        return
    table = format_report(report)
    write_text(work_dir / f'{REPORT_STEM}.json',
               json.dumps(report, indent=2) + '\n')
    write_text(work_dir / f'{REPORT_STEM}.md', table + '\n')
    say(f'\n{table}\n\nReport: {work_dir / REPORT_STEM}.json and .md')
    for name, checkpoint in report['checkpoints'].items():
        say(f'Checkpoint of {name}: {checkpoint}')
