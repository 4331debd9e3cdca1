"""An audit from end to end: models, tests, verdicts."""
from functools import partial
from pathlib import Path
from typing import (
    Any,
    Callable,
    Dict,
    List,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Union,
)

from mmengine.config import Config

from mmswap.apis.audit.records import (
    AuditRecords,
    fingerprint_of,
    write_json,
)
from mmswap.apis.audit.retrain import retrain
from mmswap.apis.audit.subjects import SubjectReader
from mmswap.apis.audit.tables import (
    FORMAT,
    PROMISE,
    audit_results,
    audit_table,
    audit_text,
)
from mmswap.apis.config import load_config
from mmswap.apis.console import ReadableConsole
from mmswap.apis.state import STATE_FILE
from mmswap.audit.audit_test import AuditTest
from mmswap.audit.data import AuditData
from mmswap.audit.measured import Measured
from mmswap.audit.settings import AuditSettings, check_settings
from mmswap.audit.subject import (
    MOST_NAMED,
    OFFSETS,
    Subject,
    hide_classes,
)
from mmswap.registry import AUDITS
from mmswap.version import __version__

PathLike = Union[str, Path]


class References(NamedTuple):
    """The models that an audit compares with.

    Attributes:
        base: Checkpoint of the base model; None for what the adapter of the
            subject is on.
        retrained: Checkpoints of models that never saw the class.
        stock: Config file that the base model was trained with, to train
            such models; None for none.
        seeds: Of those that are trained.
        stock_options: Settings of ``stock`` to override, by dotted key.
    """

    base: Optional[PathLike] = None
    retrained: Sequence[PathLike] = ()
    stock: Optional[PathLike] = None
    seeds: Sequence[int] = (0, 1)
    stock_options: Optional[Dict[str, Any]] = None


def run_audit(config: PathLike,
              checkpoint: PathLike,
              references: Optional[References] = None,
              settings: Optional[AuditSettings] = None,
              tests: Sequence[str] = (),
              work_dir: Optional[PathLike] = None,
              cfg_options: Optional[Dict[str, Any]] = None,
              trust: bool = False,
              console: Optional[ReadableConsole] = None) -> Dict[str, Any]:
    """Test whether a class is forgotten, against models that tell.

    What is measured is kept, and not measured again when the same audit is
    run once more.

    Args:
        config: Config file of the phase that forgot.
        checkpoint: What it wrote, or what was merged from that.
        references: The models to compare with. Defaults to None, the base
            model of the subject, and none that never saw the class.
        settings: How much is measured. Defaults to None, ``AuditSettings()``.
        tests: Names of the tests. By default all but those for requests
            about samples.
        work_dir: Gets the folder ``audit``. By default the work dir of the
            swap that ``checkpoint`` lies in, or
            ``work_dirs/<name of the config file>_audit``.
        cfg_options: Settings of the config to override, by dotted key.
        trust: Unpickle whatever is in a checkpoint. That can run any code.
        console: Shows what is done.

    Returns:
        What is written to ``audit/audit.json``; see docs/audit.md.

    Raises:
        ValueError: If the config forgets nothing, a test is unknown, a
            setting is out of range, or a checkpoint does not fit.
    """
    settings = settings or AuditSettings()
    check_settings(settings)
    chosen = choose_tests(tests)
    cfg = load_config(config, cfg_options=cfg_options)
    data = AuditData(cfg, settings)
    folder = audit_folder(config, checkpoint, work_dir)
    say = print if console is None else console.say
    promise = PROMISE.format(', '.join(data.table.forget))
    say(f'[audit] {promise}')
    models = _Models(cfg, data, folder, trust, console)
    subjects = models.build(checkpoint, references or References())
    measured = _measure(chosen, subjects, data, folder, say)
    results = audit_results(chosen, subjects, measured)
    report = dict(
        format=FORMAT, mmswap=__version__, promise=promise,
        classes=data.table.as_dict(), config=str(config),
        checkpoint=str(checkpoint), settings=settings._asdict(),
        models=models.described,
        results=results)
    write_json(folder / 'audit.json', report)
    (folder / 'audit.md').write_text(audit_text(report) + '\n')
    say(f'\n{audit_table(results)}\n\nAudit: {folder}/audit.json '
        'and .md')
    return report


def _measure(tests: Mapping[str, AuditTest], subjects: Sequence[Subject],
             data: AuditData, folder: Path,
             say: Callable[[str], None]) -> Dict[str, Dict[str, Measured]]:
    """Every figure of every model, by figure and name."""
    records = AuditRecords(folder / 'results')
    measured: Dict[str, Dict[str, Measured]] = {}
    for name, test in tests.items():
        for subject in subjects:
            fingerprint = fingerprint_of(
                subject.fingerprint, data.settings, name, __version__,
                data_config(data.cfg))
            if not records.knows(name, subject.name, fingerprint):
                say(f'[audit] {name}: {subject.name}')
            found = records.figures(name, subject.name, fingerprint,
                                    partial(test.run, subject, data))
            for key, one in found.items():
                measured.setdefault(key, {})[subject.name] = one
    return measured


class _Models:
    """Reads, makes and trains the models of an audit."""

    def __init__(self, cfg: Config, data: AuditData, folder: Path,
                 trust: bool, console: Optional[ReadableConsole]) -> None:
        self._cfg = cfg
        self._data = data
        self._folder = folder
        self._reader = SubjectReader(cfg, trust)
        self._console = console
        self.described: List[Dict[str, Any]] = []

    def build(self, checkpoint: PathLike,
              references: References) -> List[Subject]:
        """All models, the subject first."""
        subjects = [self._keep(
            self._reader.subject(checkpoint), str(checkpoint))]
        for i, path in enumerate(self._retrained(references)):
            subjects.append(self._keep(
                self._reader.reference(f'retrained {i}', 'retrained', path),
                str(path)))
        base = self._reader.base(references.base)
        hidden = self._hidden(base)
        subjects.append(self._keep(
            hidden, 'the base model, the bias of the classes lowered by '
            f'{(hidden.adapter or {})["offset"]:g}'))
        subjects.append(self._keep(
            base, str(references.base or 'below the adapter of the subject')))
        return subjects

    def _keep(self, subject: Subject, origin: str) -> Subject:
        self.described.append(dict(
            name=subject.name, role=subject.role, origin=origin,
            sha256=subject.fingerprint))
        return subject

    def _retrained(self, references: References) -> List[PathLike]:
        paths = list(references.retrained)
        for seed in references.seeds if references.stock else ():
            paths.append(retrain(
                self._cfg, str(references.stock), seed,
                self._folder / f'retrained_{seed}', references.stock_options,
                self._console))
        return paths

    def _hidden(self, base: Subject) -> Subject:
        """The base model with its answer changed, found once."""
        data = self._data

        def is_named(model: Any) -> float:
            scores = data.score(model)
            return sum(scores.named) / max(sum(scores.objects), 1)

        def hide(offsets: Sequence[float], most: float = 1.) -> Subject:
            return hide_classes(base, data.labels, len(data.table), is_named,
                                most, offsets)

        offset = AuditRecords(self._folder / 'results').value(
            'hidden', fingerprint_of(base.fingerprint, data.settings,
                                     data_config(self._cfg)),
            lambda: (hide(OFFSETS, MOST_NAMED).adapter or {})['offset'])
        return hide([offset])


def choose_tests(names: Sequence[str]) -> Dict[str, AuditTest]:
    """The tests of some names, or those that are run by default.

    Args:
        names: Their names; empty for the default.

    Raises:
        ValueError: If one is unknown.
    """
    AUDITS.import_from_location()
    kinds = AUDITS.module_dict
    unknown = [name for name in names if name not in kinds]
    if unknown:
        raise ValueError(f'tests must be some of {list(kinds)}, got {unknown}')
    return {
        name: kind() for name, kind in kinds.items()
        if (name in names if names else kind.by_default)
    }


def audit_folder(config: PathLike, checkpoint: PathLike,
                 work_dir: Optional[PathLike] = None) -> Path:
    """Where an audit goes.

    Args:
        config: The config file.
        checkpoint: The checkpoint that is audited.
        work_dir: The work dir that was asked for.
    """
    if work_dir is not None:
        return Path(work_dir) / 'audit'
    for above in Path(checkpoint).resolve().parents[:2]:
        if (above / STATE_FILE).is_file():
            return above / 'audit'
    return Path('work_dirs') / f'{Path(config).stem}_audit' / 'audit'


def data_config(cfg: Config) -> Any:
    """What of a config figures depend on, beside the weights.

    Args:
        cfg: The config.
    """
    keys = ('train_dataloader', 'val_dataloader', 'val_evaluator')
    return [cfg.to_dict().get(key) for key in keys]
