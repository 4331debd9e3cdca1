"""An audit as json, and as text that people read."""
from typing import Any, Dict, List, Mapping, Sequence

from mmswap.audit.audit_test import AuditTest
from mmswap.audit.measured import Measured
from mmswap.audit.subject import Subject
from mmswap.audit.verdict import by_role, judge
from mmswap.evaluation.name_counts import PARTS
from mmswap.evaluation.score_tables import format_table

FORMAT = 1
PROMISE = (
    'This tests whether the concept can still be found: whether the model '
    'names, or could cheaply be made to name, objects of the classes {}. It '
    'does not test that given images have left no trace.')
_ORDER = ('subject', 'retrained', 'hidden', 'base')
Figures = Mapping[str, Mapping[str, Measured]]


def audit_results(tests: Mapping[str, AuditTest], subjects: Sequence[Subject],
                  measured: Figures,
                  unfit: Sequence[str] = ()) -> List[Dict[str, Any]]:
    """One entry for each figure of each model, with the subject's verdict.

    Args:
        tests: The tests by name.
        subjects: The models.
        measured: Figure by model, by figure.
        unfit: Names of retrained models that are not compared with.

    Returns:
        Dicts of ``test``, ``figure``, ``title``, ``subject`` (the model's
        name), ``role``, ``value``, ``low``, ``high``, ``over``, ``says``,
        ``verdict``, ``why`` (both None but for the subject) and
        ``details``.
    """
    roles = {subject.name: subject.role for subject in subjects}
    results = []
    for test, kind in tests.items():
        for key, figure in kind.figures.items():
            found = measured.get(key, {})
            for name in sorted(found, key=lambda n: _ORDER.index(roles[n])):
                one = found[name]
                fit = {k: v for k, v in found.items() if k not in unfit}
                verdict = judge(
                    one, *by_role(fit, roles, figure.reveals)
                ) if roles[name] == 'subject' else None
                results.append(dict(
                    test=test, figure=key, title=figure.title, subject=name,
                    role=roles[name], value=one.value, low=one.low,
                    high=one.high, over=one.over, says=figure.says,
                    verdict=verdict and verdict.verdict,
                    why=verdict and verdict.why,
                    details=one.details))
    return results


def audit_table(results: Sequence[Mapping[str, Any]]) -> str:
    """A row a figure: the subject, the models to compare with, the verdict.

    Args:
        results: What :func:`audit_results` returned.
    """
    lines = [['figure', *_ORDER, 'verdict']]
    for key in dict.fromkeys(result['figure'] for result in results):
        of_figure = [r for r in results if r['figure'] == key]
        cells = [_cell([r for r in of_figure if r['role'] == role])
                 for role in _ORDER]
        verdict = [r['verdict'] for r in of_figure if r['verdict']]
        lines.append([key, *cells, *verdict])
    return format_table(lines, len(lines[0]))


def called_table(models: Sequence[Mapping[str, Any]]) -> str:
    """A row a model: what it calls objects of the classes.

    Args:
        models: The ``models`` of ``audit.json``.
    """
    lines = [['', *(each['name'] for each in models)]]
    lines += [[key, *(_short(each['called'][key]) for each in models)]
              for key in PARTS]
    return format_table(lines, len(lines[0]))


def audit_text(report: Mapping[str, Any]) -> str:
    """The whole audit in Markdown.

    Args:
        report: What is in ``audit.json``.
    """
    results = report['results']
    parts = [
        '# Audit', report['promise'],
        'Each figure is higher the more is left of the class. In brackets '
        'the interval; the verdict says where the subject lies between '
        'models that never saw the class and those that have it.',
        audit_table(results)
    ]
    for result in results:
        if result['verdict'] is None:
            continue
        parts.append(
            f'**{result["figure"]}**: {result["title"]}. {result["says"]} '
            f'Verdict: {result["verdict"]}; {result["why"]}. Interval: '
            f'{result["over"]}.')
    parts += [
        'What is found of objects of the classes, and under which name. A '
        'model that never saw them may call them something else, too:',
        called_table(report['models'])]
    parts += ['Models:', '\n'.join(
        f'- {each["name"]}: {each["origin"]}' for each in report['models'])]
    settings = ', '.join(f'{k} {v}' for k, v in report['settings'].items())
    parts.append(f'Settings: {settings}. mmswap {report["mmswap"]}.')
    return '\n\n'.join(parts)


def _cell(results: Sequence[Mapping[str, Any]]) -> str:
    """The figures of the models of a role, and their outermost ends."""
    if not results:
        return '-'
    values = ', '.join(_short(result['value']) for result in results)
    low = min(result['low'] for result in results)
    high = max(result['high'] for result in results)
    return f'{values} ({_short(low)}-{_short(high)})'


def _short(value: float) -> str:
    return f'{value:.3f}' if abs(value) < 10 else f'{value:.1f}'
