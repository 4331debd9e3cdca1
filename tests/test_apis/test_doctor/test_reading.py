"""All that refuses the configs of a swap, of each of them."""
from pathlib import Path

import pytest

from mmswap.apis.doctor.reading import read_swap


@pytest.fixture
def read(swap):
    """(config files, options) -> what is read of them."""
    return lambda *configs, **options: read_swap(
        configs or swap.configs, Path('out'), **options)


def keys(read):
    return [(each.key, each.phase) for each in read.findings]


def test_a_right_swap(read):
    phases, findings = read()
    assert [phase.name for phase in phases] == ['toy_learn', 'toy_forget']
    assert not findings and all(phase.fingerprint for phase in phases)


def test_every_refusal_of_every_config(swap, read):
    """`plan_phases` would end at the first."""
    swap.add('learn', "load_from = 'lost.pth'\nval_evaluator = dict()")
    swap.add('forget', 'val_cfg = None')
    assert len(read().phases) == 2
    # The config of the forget phase inherits the evaluator.
    assert keys(read()) == [
        ('val_evaluator', 'toy_learn'), ('load_from', 'toy_learn'),
        ('val_evaluator', 'toy_forget'), ('val_cfg', 'toy_forget')]


def test_parts_with_other_tables(swap, read):
    swap.add('forget', "model['classes'] = dict(base=('cat', 'dog', 'cow'), "
             "forget=('cow', ))")
    found, = read().findings
    assert found.key.endswith('.classes') and 'cow' in found.message


def test_a_table_that_is_none(swap, read):
    swap.add('learn', "classes = dict(base=('cat', ), forget=('emu', ))\n"
             "model['classes'] = classes")
    assert any(each.key == 'classes.forget' and 'emu' in each.message
               for each in read().findings)


def test_another_swap_in_the_second_phase(swap, read):
    """What no config by itself is wrong in."""
    other = swap.folder / 'other.py'
    other.write_text(swap.learn.read_text().replace("'fox'", "'emu'"))
    phases, findings = read(str(swap.learn), str(other))
    assert [each.key for each in findings] == ['model.classes']
    assert len(phases) == 2


@pytest.mark.parametrize('text', ['model = dict(', '1 / 0'])
def test_a_config_that_cannot_be_read(swap, read, text):
    """The others are read all the same."""
    swap.learn.write_text(text)
    other = swap.folder / 'right.py'
    (swap.folder / 'base_of_it.py').write_text('load_from = None')
    other.write_text("_base_ = './base_of_it.py'\nval_cfg = None")
    phases, findings = read(str(swap.learn), str(other))
    assert [phase.name for phase in phases] == ['right']
    assert findings[0].key == str(swap.learn)
    assert any(each.phase == 'right' and each.key == 'model'
               for each in findings)


def test_a_file_that_is_not_there_and_one_that_is_no_config(swap, read):
    phases, findings = read('lost.py', str(swap.folder / 'old.json'))
    assert [phase.name for phase in phases] == ['old']
    assert {('lost.py', 'lost'), ('model', 'old')} <= {
        (each.key, each.phase) for each in findings}


def test_no_config(swap):
    phases, findings = read_swap([], Path('out'))
    assert not phases and len(findings) == 1


def test_a_plan_whose_requests_are_wrong(swap, read):
    """Its configs are looked at."""
    plan = swap.folder / 'plan.py'
    plan.write_text(
        "configs = dict(learn='toy_learn.py', forget='toy_forget.py')\n"
        "requests = [dict(forget=['emu'])]\n")
    phases, findings = read(str(plan))
    assert [phase.name for phase in phases] == ['toy_learn', 'toy_forget']
    assert 'emu' in findings[0].message
