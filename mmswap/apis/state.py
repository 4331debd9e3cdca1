"""What a swap leaves in its work dir: its state and its report."""
import json
import os
from pathlib import Path
from typing import Any, Dict

from mmengine.dist import master_only

from mmswap.apis.report import format_report

STATE_FILE = 'swap_state.json'
REPORT_STEM = 'swap_report'


def read_state(work_dir: Path) -> Dict[str, Dict[str, Any]]:
    """The records of a swap, none where it has not begun.

    Raises:
        ValueError: If the state file is not what mmswap wrote.
    """
    path = work_dir / STATE_FILE
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text())['records'])
    except (ValueError, KeyError) as error:
        raise ValueError(f'{path} must be what mmswap wrote; delete it to '
                         f'start the swap anew ({error!r})') from error


@master_only
def write_state(work_dir: Path, records: Dict[str, Dict[str, Any]]) -> None:
    """Keep the records of a swap."""
    text = json.dumps(dict(format=1, records=records), indent=2)
    _write_atomically(work_dir / STATE_FILE, text)


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
