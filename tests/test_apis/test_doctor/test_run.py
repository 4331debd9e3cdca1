"""Every fault alone, twenty together, and none where there is none."""
import json
from pathlib import Path

import pytest
from faults import FAULTS
from mmengine.config import Config

from mmswap.apis.doctor import check_before_run, checks, diagnose
from mmswap.apis.doctor.checks import CHECKS, Check, run_checks
from mmswap.apis.doctor.examined import Examined
from mmswap.apis.doctor.finding import note
from mmswap.apis.plan import plan_phases
from mmswap.apis.swap import run_swap

MANY = {name: fault for name, fault in FAULTS.items() if not fault.alone}


def troubles(diagnosis):
    """What is no note."""
    return [each for level in ('error', 'warning')
            for each in diagnosis.of(level)]


def shows(findings, fault):
    return any(each.level == fault.level and each.key == fault.key
               and fault.says in each.message for each in findings)


@pytest.fixture
def phases(swap):
    """The phases of the swap, and its work dir."""
    work_dir = swap.folder / 'out'
    return plan_phases(swap.configs, work_dir), work_dir


def test_nothing_is_wrong(swap):
    before = sorted(swap.folder.rglob('*'))
    diagnosis = diagnose(swap.configs)
    assert not troubles(diagnosis) and diagnosis.is_fine
    assert diagnosis.phases == ['toy_learn', 'toy_forget']
    assert sorted(swap.folder.rglob('*')) == before
    for fault in FAULTS.values():
        assert not shows(troubles(diagnosis), fault)


@pytest.mark.parametrize('name', FAULTS)
def test_a_fault_is_found(swap, name):
    fault = FAULTS[name]
    fault.plant(swap)
    diagnosis = diagnose(swap.configs)
    assert shows(troubles(diagnosis), fault)
    assert diagnosis.is_fine == (not diagnosis.of('error'))
    # Each check got to its end.
    assert not [each for each in troubles(diagnosis)
                if 'could not be done' in each.message]


def test_twenty_faults_are_found_in_one_run(swap):
    assert len(MANY) >= 20
    for fault in MANY.values():
        fault.plant(swap)
    found = troubles(diagnose(swap.configs))
    assert not [name for name, fault in MANY.items()
                if not shows(found, fault)]


def test_a_check_that_fails_is_a_finding(phases, monkeypatch):
    def check_nothing(swap):
        yield note('first', 'is kept')
        raise LookupError('on the way')

    monkeypatch.setattr(checks, 'CHECKS',
                        (Check(check_nothing, each_phase=False), *CHECKS[:1]))
    found = run_checks(Examined(*phases))
    assert [each.level for each in found] == ['note', 'warning']
    assert found[1].key == 'check_nothing'
    assert 'LookupError: on the way' in found[1].message


def test_the_cheap_part_builds_no_model(phases, monkeypatch):
    swap = Examined(*phases)
    for name in ('loader', 'model'):
        monkeypatch.delattr(Examined, name)
    assert all(each.level == 'note' for each in run_checks(swap, cheap=True))
    assert 'AttributeError' in str(run_checks(swap))


def test_a_run_says_warnings_and_stops_at_errors(swap):
    said = []

    def check():
        said.clear()
        work_dir = swap.folder / 'out'
        check_before_run(plan_phases(swap.configs, work_dir), work_dir,
                         said.append)

    check()
    assert not said
    FAULTS['a schedule that is too long'].plant(swap)
    check()
    warned, = said
    assert 'param_scheduler[0].T_max' in warned and 'toy_learn' in warned
    FAULTS['no step'].plant(swap)
    FAULTS['bound=True'].plant(swap)
    with pytest.raises(ValueError, match=r'train_cfg\.max_iters') as raised:
        check()
    assert 'model.objective.bound' in str(raised.value)


def test_a_run_stops_before_anything_is_trained(swap):
    """Though what is wrong is in its second phase."""
    FAULTS['bound=True'].plant(swap)
    with pytest.raises(ValueError, match=r'model\.objective\.bound'):
        run_swap(swap.configs, 'out')
    assert not [path for path in Path('out').rglob('*') if path.is_file()]


def test_the_data_of_a_finished_phase_may_be_gone(swap, phases):
    (swap.folder / 'new.json').unlink()
    said = []
    with pytest.raises(ValueError, match=r'new\.ann_file'):
        check_before_run(*phases, said.append)
    with pytest.raises(ValueError, match=r'new\.ann_file'):
        check_before_run(*phases, said.append, ['toy_learn'])
    check_before_run(*phases, said.append, ['toy_learn', 'toy_forget'])
    for path in (swap.base, swap.image('old', 0)):
        path.unlink()
    check_before_run(*phases, said.append, ['toy_learn', 'toy_forget'])
    assert not said


def test_requests_of_a_plan(swap):
    """One of each kind is tried; what follows from the plan is not wrong."""
    plan = swap.folder / 'plan.py'
    plan.write_text(
        "configs = dict(learn='toy_learn.py', forget='toy_forget.py')\n"
        "requests = [dict(forget=['dog']), dict(learn=['owl']), "
        "dict(undo='1-forget-dog')]\n")
    swap.add('forget', f'load_from = {str(swap.base)!r}')
    diagnosis = diagnose([str(plan)])
    assert not troubles(diagnosis)
    assert diagnosis.phases[0] == '1-forget-dog' and len(
        diagnosis.phases) == 3
    tried = [each.phase for each in diagnosis.findings
             if each.key == 'train_cfg']
    assert tried == ['1-forget-dog', '2-learn-owl', '']


def test_json_has_all_of_it(swap):
    FAULTS['NaN in the base'].plant(swap)
    FAULTS['a box outside'].plant(swap)
    read = json.loads(diagnose(swap.configs).as_json())
    assert not read['ok'] and read['errors'] == read['warnings'] == 1
    levels = [each['level'] for each in read['findings']]
    assert levels[:2] == ['error', 'warning'] and set(levels[2:]) == {'note'}
    old = next(each for each in read['findings']
               if each['key'] == 'train_dataloader.dataset.old')
    assert old['facts']['splits']['forget'] == dict(images=4, objects=4)
    assert old['phases'] == ['toy_learn', 'toy_forget']


def test_options_override(swap):
    found = diagnose(swap.configs, cfg_options={'train_cfg.max_iters': 0})
    assert shows(troubles(found), FAULTS['no step'])
    assert Config.fromfile(swap.configs[0]).train_cfg.max_iters == 20
