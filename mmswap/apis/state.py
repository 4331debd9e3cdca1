"""What a swap leaves in its work dir: its state and its report."""
import json
import os
from pathlib import Path
from typing import Any, Dict

from mmengine.dist import master_only

from mmswap.apis.report import format_report

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

    Raises:
        ValueError: If the state file is not what mmswap wrote.
    """

    def __init__(self, work_dir: Path) -> None:
        self.work_dir = work_dir
        self._records = _read_state(work_dir / STATE_FILE)

    def get(self, name: str) -> Dict[str, Any]:
        """The record of a phase or the base; empty where there is none."""
        return self._records.get(name, {})

    def put(self, name: str, **record: Any) -> None:
        """Replace a record, and write all of them to the state file.

        Args:
            name: Of the phase or the base.
            record: ``fingerprint`` and, when it is finished, ``metrics``,
                ``checkpoint``, a path relative to the work dir so that the
                folder can be moved, and ``groups``.
        """
        self._records[name] = record
        _write_state(self.work_dir / STATE_FILE, self._records)

    def checkpoint(self, name: str) -> str:
        """The path of a finished phase's checkpoint."""
        return str(self.work_dir / self._records[name]['checkpoint'])

    def has_finished(self, name: str, fingerprint: str) -> bool:
        """Whether there is nothing left to do.

        Args:
            name: Of the phase or the base.
            fingerprint: What it must have been run with. The checkpoint of a
                phase must be there still.
        """
        record = self.get(name)
        if 'metrics' not in record or record['fingerprint'] != fingerprint:
            return False
        return 'checkpoint' not in record or Path(
            self.checkpoint(name)).is_file()

    def why_run(self, name: str, fingerprint: str) -> str:
        """Why a phase that has not finished starts from its beginning.

        Args:
            name: Of the phase.
            fingerprint: What it is to be run with.
        """
        record = self.get(name)
        if record.get('fingerprint', fingerprint) != fingerprint:
            return ('its config, or something before it, is not what it was '
                    'run with; starts anew')
        if 'metrics' in record:
            return 'its checkpoint is gone; starts anew'
        return 'starts'


def _read_state(path: Path) -> Dict[str, Dict[str, Any]]:
    """The records of a swap, none where it has not begun."""
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text())['records'])
    except (ValueError, KeyError) as error:
        raise ValueError(f'{path} must be what mmswap wrote; delete it to '
                         f'start the swap anew ({error!r})') from error


@master_only
def _write_state(path: Path, records: Dict[str, Dict[str, Any]]) -> None:
    text = json.dumps(dict(format=1, records=records), indent=2)
    _write_atomically(path, text)


@master_only
def write_report(work_dir: Path, report: Dict[str, Any]) -> None:
    """Write the report as JSON and Markdown, and print it."""
    table = format_report(report)
    _write_atomically(work_dir / f'{REPORT_STEM}.json',
                      json.dumps(report, indent=2))
    _write_atomically(work_dir / f'{REPORT_STEM}.md', table)
    print(f'\n{table}\n\nReport: {work_dir / REPORT_STEM}.json and .md')
    for name, checkpoint in report['checkpoints'].items():
        print(f'Checkpoint of {name}: {checkpoint}')


def _write_atomically(path: Path, text: str) -> None:
    """Write all of a file or, if interrupted, nothing of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + '.part')
    part.write_text(text + '\n')
    os.replace(part, path)
