"""What an audit keeps, and what it prints."""
import re

import pytest

from mmswap.apis.audit.records import AuditRecords, fingerprint_of
from mmswap.apis.audit.tables import (
    FORMAT,
    audit_results,
    audit_table,
    audit_text,
)
from mmswap.audit import AuditTest, Figure, Measured, Subject

ROLES = dict(subject='subject', r0='retrained', r1='retrained',
             hidden='hidden', base='base')


def test_what_is_known_is_not_measured_again(tmp_path):
    calls = []

    def measure():
        calls.append(1)
        return dict(a=Measured(len(calls), 0., 9., 'draws', dict(x=[1])))

    for fingerprint, wanted in (('f', 1), ('f', 1), ('g', 2), ('g', 2)):
        records = AuditRecords(tmp_path / 'results')
        found = records.figures('test', 'retrained 0', fingerprint, measure)
        assert found == dict(
            a=Measured(wanted, 0., 9., 'draws', dict(x=[1])))
    assert len(calls) == 2
    assert records.knows('test', 'retrained 0', 'g')
    assert not records.knows('test', 'retrained 0', 'f')
    assert not records.knows('test', 'retrained 1', 'g')


def test_what_fails_leaves_nothing(tmp_path):
    records = AuditRecords(tmp_path)

    def fail():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        records.value('offset', 'f', fail)
    assert not list(tmp_path.iterdir())
    assert records.value('offset', 'f', lambda: 2.) == 2.
    assert records.value('offset', 'f', fail) == 2.


def test_fingerprints_are_of_all_parts():
    prints = {fingerprint_of(*parts) for parts in (
        (1, 2), (2, 1), (12, ), ('1', 2), ({'a': 1}, ), ({'a': 2}, ))}
    assert len(prints) == 6


class Toy(AuditTest):
    figures = {
        'toy/one': Figure('one', 'Shows one.'),
        'toy/two': Figure('two', 'Shows two.', ('base', )),
    }

    def run(self, subject, data):
        return {}


@pytest.fixture
def results():
    """Of a subject that lies with the retrained models, in one figure."""
    values = dict(subject=.12, r0=.1, r1=.12, hidden=.8, base=.9)
    named = dict(subject=.0, r0=.0, r1=.01, hidden=.0, base=.9)
    measured = {
        key: {name: Measured(value, value - .01, value + .01, 'seeds')
              for name, value in of_figure.items()}
        for key, of_figure in (('toy/one', values), ('toy/two', named))
    }
    subjects = [Subject(name, role, {}, {}) for name, role in ROLES.items()]
    return audit_results(dict(toy=Toy()), subjects, measured)


def test_each_figure_of_each_model_is_told(results):
    assert [(r['figure'], r['subject']) for r in results] == [
        (key, name) for key in Toy.figures for name in ROLES]
    verdicts = [r['verdict'] for r in results if r['verdict']]
    assert verdicts == ['forgotten', 'forgotten']
    assert {r['says'] for r in results} == {'Shows one.', 'Shows two.'}
    assert all(r['test'] == 'toy' for r in results)


def test_the_table_has_a_row_a_figure(results):
    head, rule, one, two = audit_table(results).splitlines()
    cells = [cell.strip() for cell in one.strip('|').split('|')]
    assert cells == ['toy/one', '0.120 (0.110-0.130)',
                     '0.100, 0.120 (0.090-0.130)', '0.800 (0.790-0.810)',
                     '0.900 (0.890-0.910)', 'forgotten']
    assert rule and two.count('|') == head.count('|') == 7


def test_the_text_says_what_each_figure_shows(results):
    report = dict(
        format=FORMAT, promise='What is tested.', results=results,
        models=[dict(name=name, origin=f'{name}.pth', called=dict(
            named=.1, renamed=.2, unseen=.7)) for name in ROLES],
        settings=dict(images=4), mmswap='1')
    text = audit_text(report)
    for part in ('What is tested.', 'Shows one.', 'Shows two.', 'r0.pth',
                 'images 4', 'Verdict: forgotten'):
        assert part in text
    assert len(re.findall(r'\| renamed' + 5 * r' +\| 0\.200', text)) == 1


def test_an_unfit_model_is_told_of_and_not_compared_with():
    measured = {'toy/one': {
        name: Measured(value, value, value, 'seeds') for name, value in dict(
            subject=.1, r0=.1, r1=.1, hidden=.8, base=.9).items()}}
    subjects = [Subject(name, role, {}, {}) for name, role in ROLES.items()]
    found = audit_results(dict(toy=Toy()), subjects, measured, ['r1'])
    assert len(found) == 5
    assert found[0]['verdict'] == 'inconclusive'
    assert 'two retrained' in found[0]['why']
