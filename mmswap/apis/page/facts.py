"""What a swap left in its work dir, read for its page."""
import json
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

from mmengine.config import Config

from mmswap.apis.plan import BASE
from mmswap.apis.state import SwapRecords, read_report
from mmswap.class_table import ClassTable


class MomentFacts(NamedTuple):
    """The model at one moment: the base, or after a phase.

    Attributes:
        name: ``base`` or the name of the phase.
        title: What the tables call the moment.
        folder: Its folder in the work dir.
        metrics: All metrics.
        names: What ``names.json`` says; empty where there is none.
        cost: What the phase cost; empty of the base.
        checkpoint: What the phase wrote; of the base what it is.
    """

    name: str
    title: str
    folder: Path
    metrics: Dict[str, float]
    names: Dict[str, Any]
    cost: Dict[str, Any]
    checkpoint: str

    def config(self) -> Config:
        """The config that the moment was run with, as the Runner wrote it.

        Raises:
            FileNotFoundError: If there is none in the folder.
        """
        return Config.fromfile(str(self.config_file()))

    def config_file(self) -> Path:
        """The last config in the folder.

        Raises:
            FileNotFoundError: If there is none.
        """
        found = sorted(self.folder.glob('*.py'),
                       key=lambda path: path.stat().st_mtime)
        if not found:
            raise FileNotFoundError(
                f'WORK_DIR must have the config that {self.name} was run '
                f'with in {self.folder}, got none')
        return found[-1]


class SwapFacts(NamedTuple):
    """A swap, as far as it was run.

    Attributes:
        work_dir: Its work dir.
        report: What :func:`~mmswap.apis.state.read_report` gives.
        moments: The base and each finished phase, in order.
        table: The class table of the last of them.
        how: The arguments that it was run with; empty of earlier releases.
        audit: What is in ``audit.json``; empty where there is none.
    """

    work_dir: Path
    report: Dict[str, Any]
    moments: List[MomentFacts]
    table: ClassTable
    how: Dict[str, Any]
    audit: Dict[str, Any]


def read_facts(work_dir: Path) -> SwapFacts:
    """Read what is known of a swap.

    Args:
        work_dir: Its work dir.

    Raises:
        ValueError: If there is no swap in it.
        FileNotFoundError: If the config of a phase is gone.
    """
    report = read_report(work_dir)
    records = SwapRecords(work_dir)
    titles = dict(zip((BASE, *report['checkpoints']), report['columns']))
    moments = [
        MomentFacts(
            name, title, work_dir / name, report['metrics'][title],
            _read_json(work_dir / name / 'names.json') or {},
            records.get(name).get('cost') or {},
            report['checkpoints'].get(name, ''))
        for name, title in titles.items()
    ]
    base = moments[0].config().get('load_from') or ''
    moments[0] = moments[0]._replace(checkpoint=str(base))
    table = ClassTable.from_cfg(moments[-1].config().model.classes)
    audit = _read_json(work_dir / 'audit' / 'audit.json') or {}
    return SwapFacts(work_dir, report, moments, table, records.how, audit)


class Kept(NamedTuple):
    """The classes of a swap, all its requests together.

    Attributes:
        learned: Names that were learned.
        forgotten: Names that were forgotten.
        kept: The others, that the base model knows.
    """

    learned: List[str]
    forgotten: List[str]
    kept: List[str]


def classes_of(table: ClassTable) -> Kept:
    """What became of each class.

    Args:
        table: The class table of the last phase.
    """
    learned = [*table.learned_before, *table.learn]
    forgotten = [*table.forgotten_before, *table.forget]
    kept = [name for name in table.base if name not in forgotten]
    return Kept([n for n in learned if n not in forgotten], forgotten, kept)


def split_of(table: ClassTable, name: str) -> str:
    """Which of ``learn``, ``forget`` and ``retain`` a class belongs to.

    Args:
        table: The class table of the last phase.
        name: Name of the class.
    """
    learned, forgotten, _ = classes_of(table)
    if name in forgotten:
        return 'forget'
    return 'learn' if name in learned else 'retain'


def read_curves(folder: Path) -> Dict[str, List[List[float]]]:
    """The curves that a phase logged.

    Args:
        folder: The phase's folder.

    Returns:
        Steps and values by the name of the scalar. Where a phase was resumed
        the later run's values stand.
    """
    found: Dict[str, Dict[float, float]] = {}
    for file in sorted(folder.glob('*/vis_data/scalars.json')):
        for line in file.read_text().splitlines():
            scalars = json.loads(line)
            step = scalars.get('step')
            for key, value in scalars.items():
                if step is not None and isinstance(value, (int, float)):
                    found.setdefault(key, {})[step] = value
    return {
        key: [list(points), [points[step] for step in points]]
        for key, points in (
            (key, dict(sorted(values.items())))
            for key, values in found.items())
    }


def group_norms(moment: MomentFacts) -> Dict[str, float]:
    """The norm of each group of the adapter that a phase wrote.

    Args:
        moment: The phase.

    Returns:
        By the group's name, in the model's order; empty without an adapter.
    """
    swap = _read_json(moment.folder / 'adapter' / 'swap.json') or {}
    return swap.get('group_norms', {})


def gradient_sizes(moment: MomentFacts) -> Dict[str, float]:
    """The mean absolute gradient of each group, as GradientStatsHook wrote.

    Args:
        moment: The phase.

    Returns:
        The mean over the group's matrices, by the group's name; empty where
        the phase had no such hook.
    """
    stats = _read_json(moment.folder / 'gradient_stats.json') or {}
    return {
        group: sum(m['mean_abs'] for m in matrices.values()) / len(matrices)
        for group, matrices in stats.get('groups', {}).items() if matrices
    }


def adapter_bytes(moment: MomentFacts) -> Optional[int]:
    """The size of the adapter's folder; None without one.

    Args:
        moment: The phase.
    """
    folder = moment.folder / 'adapter'
    if not folder.is_dir():
        return None
    return sum(f.stat().st_size for f in folder.rglob('*') if f.is_file())


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text()) if path.is_file() else None
