"""An audit from end to end: models, tests, verdicts."""
import json
from functools import partial
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Sequence

from mmswap.apis.audit.models import (
    AuditModels,
    PathLike,
    References,
    data_config,
)
from mmswap.apis.audit.records import (
    AuditRecords,
    fingerprint_of,
    write_json,
)
from mmswap.apis.audit.tables import (
    FORMAT,
    PROMISE,
    audit_results,
    audit_table,
    audit_text,
)
from mmswap.apis.config import load_config
from mmswap.apis.console import ReadableConsole
from mmswap.apis.page.page import IMAGES, try_to_write_page
from mmswap.apis.state import STATE_FILE
from mmswap.audit.audit_test import AuditTest
from mmswap.audit.data import AuditData
from mmswap.audit.measured import Measured
from mmswap.audit.settings import AuditSettings, check_settings
from mmswap.audit.subject import Subject
from mmswap.audit.verdict import FIT, unfit_models
from mmswap.registry import AUDITS
from mmswap.version import __version__


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
    models = AuditModels(cfg, data, folder, trust, console)
    subjects = models.build(checkpoint, references or References())
    unfit = _unfit(subjects, data, models, folder)
    for name in unfit:
        say(f'[audit] WARNING: {name} is not compared with: it reaches less '
            f'than {FIT:g} of what the subject scores on what is retained')
    measured = _measure(chosen, subjects, data, folder, say)
    # As it is read again: json has no tuples.
    results = json.loads(json.dumps(
        audit_results(chosen, subjects, measured, unfit)))
    report: Dict[str, Any] = dict(
        format=FORMAT, mmswap=__version__, promise=promise,
        classes=data.table.as_dict(), config=str(config),
        checkpoint=str(checkpoint),
        settings=dict(settings._asdict(), steps=list(settings.steps)),
        models=models.described,
        results=results)
    write_json(folder / 'audit.json', report)
    (folder / 'audit.md').write_text(audit_text(report) + '\n')
    say(f'\n{audit_table(results)}\n\nAudit: {folder}/audit.json '
        'and .md')
    if (folder.parent / STATE_FILE).is_file():
        try_to_write_page(folder.parent, IMAGES, say)
    return report


def _unfit(subjects: Sequence[Subject], data: AuditData,
           models: AuditModels, folder: Path) -> List[str]:
    """Score all models, and find those that retain too little.

    What they retain, and what they call objects of the classes, is added to
    what is said of them.
    """
    records = AuditRecords(folder / 'results')
    scores = {
        subject.name: records.value(
            f'scores {subject.name}', fingerprint_of(
                subject.fingerprint, data.settings, data_config(data.cfg)),
            partial(_scores, subject, data))
        for subject in subjects
    }
    for each in models.described:
        each.update(scores[each['name']])
    return unfit_models({name: each['retained']
                         for name, each in scores.items()},
                        {s.name: s.role for s in subjects})


def _scores(subject: Subject, data: AuditData) -> Dict[str, Any]:
    scores = data.score(subject.build())
    return dict(retained=scores.retained, called=scores.called)


def _measure(tests: Dict[str, AuditTest], subjects: Sequence[Subject],
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
