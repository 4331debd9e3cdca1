"""Gates: read, refused and judged, by themselves and by ``mmswap run``."""
import json

import pytest
from toy_swap import BASE, LOG

from mmswap.apis import run_swap
from mmswap.apis.cli import main
from mmswap.apis.gates import (
    Gate,
    check_gates,
    check_measured,
    gate_line,
    judge,
    read_gates,
)
from mmswap.class_table import ClassTable

TABLE = ClassTable(['a', 'b', 'c', 'd'], ['e'], ['d'])


def test_gates_are_read():
    wanted = [Gate('forget', '<=', .05), Gate('retain', '>=', .95),
              Gate('forget/coco/bbox_mAP', '<=', .01)]
    text = 'forget<=0.05 retain >= .95,forget/coco/bbox_mAP<=1e-2'
    assert read_gates(text) == wanted
    assert read_gates(' '.join(map(str, wanted))) == wanted


@pytest.mark.parametrize('text, key', [
    ('forget', 'forget'), ('forget<0.1', 'forget<0.1'), ('  ', 'require'),
    ('forgotten<=0.1', 'forgotten'), ('named<=none', 'named<=none'),
    ('named<=nan', 'named<=nan'), ('mine/bbox_mAP>=1', 'mine/bbox_mAP'),
    ('retain>=0.9>=0.8', 'retain')])
def test_what_is_no_gate_is_refused(text, key):
    with pytest.raises(ValueError, match=key):
        read_gates(text)


def test_gates_on_what_the_last_phase_has_not():
    only_learns = ClassTable(['a', 'b'], ['e'])
    check_gates(read_gates('learn>=1 retain>=1 forget/x>=1'), only_learns,
                only_learns)
    for text in ('forget<=0', 'renamed<=0'):
        with pytest.raises(ValueError, match=text.partition('<')[0]):
            check_gates(read_gates(text), only_learns, only_learns)
    later = ClassTable(['a', 'b'], forget=['e'], learned_before=['e'])
    check_gates(read_gates('named<=0'), later, only_learns)
    with pytest.raises(ValueError, match="'e'"):
        check_gates(read_gates('forget<=0'), later, only_learns)


def test_gates_on_what_is_not_measured():
    base = {'forget/coco/bbox_mAP': .5}
    check_measured(read_gates('forget/coco/bbox_mAP<=0 swap/h_mean>=0 '
                              'forget/renamed_to/cat<=0 learn>=0'), base)
    with pytest.raises(ValueError, match='bbox_mAR'):
        check_measured(read_gates('forget/coco/bbox_mAR<=0'), base)


def test_the_figures():
    base = {'swap/retain': .8, 'swap/forget': .4, 'swap/learn': .1}
    end = {'swap/retain': .76, 'swap/forget': .02, 'swap/learn': .56,
           'forget/renamed': .2, 'all/coco/bbox_mAP': .6}
    text = ('retain>=0.95 forget<=0.05 learn>=0.8 renamed<=0.1 named<=0 '
            'all/coco/bbox_mAP>=0.6')
    judged = judge(read_gates(text), base, end, TABLE, 'x_forget')
    # Of learn: the base's three retained and one forgotten class, 0.7.
    assert [gate['value'] for gate in judged] == [
        pytest.approx(.95), pytest.approx(.05), pytest.approx(.8), .2, None,
        .6]
    assert [gate['met'] for gate in judged][3:] == [False, False, True]
    assert gate_line(judged[3]) == 'renamed <= 0.1: 0.200, missed'
    assert gate_line(judged[4]) == 'named <= 0: not measured, missed'


def test_what_a_later_request_forgets_has_its_own_figure():
    base = {'swap/forget': .4, 'swap/forget@2-forget-c': .8}
    value, = judge(read_gates('forget<=1'), base, {'swap/forget': .2}, TABLE,
                   '2-forget-c')
    assert value['value'] == pytest.approx(.25)


def test_a_swap_that_misses_a_gate_ends_with_an_error(toy, monkeypatch,
                                                      capsys):
    """After four steps 0.05 of the 0.9375 of the base's 0.7 are left."""
    monkeypatch.setenv('LOCAL_RANK', '0')
    args = ['run', str(toy.learn), str(toy.forget), '--work-dir',
            str(toy.work_dir), '--require']
    main([*args, 'forget<=0.0626 retain>=0.999'])
    assert '- required: forget <= 0.0626: 0.062, met' in (
        toy.work_dir / 'swap_report.md').read_text()
    for _ in range(2):
        LOG.clear()
        with pytest.raises(SystemExit) as stopped:
            main([*args, 'forget<=0.06 retain>=0.999 learn>=1'])
        assert LOG.steps == 0
        text = str(stopped.value)
        assert 'forget <= 0.06: 0.062, missed' in text
        assert 'retain' not in text and '1 of 3' in text
    report = json.loads((toy.work_dir / 'swap_report.json').read_text())
    assert [gate['met'] for gate in report['gates']] == [False, True, True]
    capsys.readouterr()
    main(['report', str(toy.work_dir)])
    assert 'forget <= 0.06: 0.062, missed' in capsys.readouterr().out


@pytest.mark.parametrize('text', ['forgets<=0', 'forget/coco/mine<=0'])
def test_wrong_gates_cost_no_training(text, toy):
    with pytest.raises(ValueError, match=text.partition('<')[0]):
        run_swap([toy.learn, toy.forget], toy.work_dir, require=text)
    assert LOG.steps == 0
    assert BASE[0] == .8


def test_without_gates_a_report_says_nothing_of_them(toy):
    run_swap([toy.learn], toy.work_dir, require='learn>=0')
    assert 'gates' not in run_swap([toy.learn], toy.work_dir)
