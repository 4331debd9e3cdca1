import json

import pytest
import torch
from toy_swap import BASE, LOG, write_base, write_config

from mmswap.apis import run_swap


def _run(toy, **options):
    LOG.clear()
    return run_swap([toy.learn, toy.forget], toy.work_dir, **options)


def _weights(path):
    return torch.load(path, weights_only=False)['state_dict']['weights']


def _after(weights, target, steps=4):
    """The toy's weights, worked out: each step halves what is missing.

    The inputs cancel within each batch.
    """
    for _ in range(steps):
        weights = [(w + t) / 2 for w, t in zip(weights, target)]
    return weights


def test_the_phases_follow_each_other(toy, capsys):
    report = _run(toy)
    learned = _after(BASE, (.8, .7, .9))
    forgot = _after(learned, (.8, 0., .9))
    assert report['columns'] == ['base', 'after learn', 'after forget']
    rows = {row['split']: row['values'] for row in report['rows'][:3]}
    for i, split in enumerate(('retain', 'forget', 'learn')):
        assert rows[split] == pytest.approx([BASE[i], learned[i], forgot[i]])
    saved = _weights(report['checkpoints']['toy_forget'])
    assert saved.tolist() == pytest.approx(forgot)
    assert LOG.steps == 8
    out = capsys.readouterr().out
    assert '[swap] phase 2 of 2, toy_forget: finished in' in out
    assert '| retain | bbox_mAP |' in out


def test_the_report_is_written(toy):
    report = _run(toy)
    written = json.loads((toy.work_dir / 'swap_report.json').read_text())
    assert written == report
    table = (toy.work_dir / 'swap_report.md').read_text()
    assert '| split  | metric   |' in table
    assert (toy.work_dir / 'toy_learn' / 'iter_4.pth').is_file()


def test_the_phases_are_told_what_the_base_scored(toy):
    _run(toy)
    base = pytest.approx(dict(zip(('retain', 'forget', 'learn'), BASE)))
    # Both are built to be checked, and the base is scored, before.
    assert LOG.before[:3] == [None, None, None]
    assert [dict(before) for before in LOG.before[3:]] == [base, base]


def test_each_moment_is_scored_once(toy, monkeypatch):
    """The base, and each phase at its end."""
    import toy_swap
    sizes = []
    evaluate = toy_swap.ToyEvaluator.evaluate
    monkeypatch.setattr(
        toy_swap.ToyEvaluator, 'evaluate',
        lambda self, size: (sizes.append(size), evaluate(self, size))[1])
    _run(toy)
    assert sizes == [8, 8, 8]


def test_each_phase_logs_to_its_own_folder(toy):
    """With a visualizer that has a name, as those of mmdet's configs do."""
    _run(toy, cfg_options=dict(visualizer=dict(
        type='Visualizer', name='visualizer',
        vis_backends=[dict(type='LocalVisBackend')])))
    learned = _after(BASE, (.8, .7, .9))
    for phase, retain in (('learn', learned),
                          ('forget', _after(learned, (.8, 0., .9)))):
        logs = list((toy.work_dir / f'toy_{phase}').glob('*/vis_data/*.json'))
        lines = ''.join(
            log.read_text() for log in logs if 'config' not in log.name)
        assert json.loads(lines.splitlines()[-1])['swap/retain'] == (
            pytest.approx(retain[0]))


def test_nothing_is_run_twice(toy, capsys):
    first = _run(toy)
    capsys.readouterr()
    assert _run(toy) == first
    assert (LOG.steps, LOG.before) == (0, [])
    assert capsys.readouterr().out.count('not run again') == 2


def test_checkpoints_are_read_for_damage_once(toy, monkeypatch):
    _run(toy)
    read = []
    monkeypatch.setattr('mmswap.apis.state.damage', read.append)
    _run(toy)
    assert sorted(path.parent.name for path in read) == [
        'toy_forget', 'toy_learn']


def test_the_work_dir_can_be_moved(toy):
    first = _run(toy)
    moved = toy.work_dir.with_name('moved')
    toy.work_dir.rename(moved)
    second = run_swap([toy.learn, toy.forget], moved)
    assert LOG.steps == 8
    assert second['rows'] == first['rows']
    assert second['checkpoints']['toy_learn'].startswith(str(moved))


def test_a_changed_phase_and_what_follows_run_again(toy, capsys):
    _run(toy)
    write_config(toy.forget, (.8, .1, .9), toy.base)
    report = _run(toy)
    assert LOG.steps == 4
    wanted = _after(_after(BASE, (.8, .7, .9)), (.8, .1, .9))
    assert report['rows'][1]['values'][2] == pytest.approx(wanted[1])
    write_config(toy.learn, (.8, .7, .5), toy.base)
    capsys.readouterr()
    _run(toy)
    assert LOG.steps == 8
    assert capsys.readouterr().out.count('is not what it was run with') == 2


def test_options_and_another_base_run_again(toy):
    _run(toy)
    _run(toy, cfg_options={'train_cfg.max_iters': 2})
    assert LOG.steps == 4
    write_base(toy.base, (.5, .5, .5))
    report = _run(toy, cfg_options={'train_cfg.max_iters': 2})
    assert LOG.steps == 4
    assert report['rows'][0]['values'][0] == .5


def test_a_phase_without_its_checkpoint_runs_again(toy):
    first = _run(toy)
    (toy.work_dir / 'toy_forget' / 'iter_4.pth').unlink()
    assert _run(toy) == first
    assert LOG.steps == 2  # from iter_2.pth on
    for checkpoint in (toy.work_dir / 'toy_forget').glob('*.pth'):
        checkpoint.unlink()
    assert _run(toy) == first
    assert LOG.steps == 4


def test_an_interrupted_phase_goes_on(toy, capsys):
    LOG.clear(fail_at=8)  # the last step of the second phase
    with pytest.raises(KeyboardInterrupt):
        run_swap([toy.learn, toy.forget], toy.work_dir)
    capsys.readouterr()
    report = _run(toy)
    assert LOG.steps == 2  # from iter_2.pth on
    assert 'goes on from iter_2.pth' in capsys.readouterr().out
    wanted = _after(_after(BASE, (.8, .7, .9)), (.8, 0., .9))
    assert [row['values'][2] for row in report['rows'][:3]
            ] == pytest.approx(wanted)


def test_a_changed_phase_does_not_go_on_from_what_was_there(toy):
    LOG.clear(fail_at=8)
    with pytest.raises(KeyboardInterrupt):
        run_swap([toy.learn, toy.forget], toy.work_dir)
    write_config(toy.forget, (.8, .1, .9), toy.base)
    LOG.clear(fail_at=2)  # before its first checkpoint
    with pytest.raises(KeyboardInterrupt):
        run_swap([toy.learn, toy.forget], toy.work_dir)
    _run(toy)
    assert LOG.steps == 4


def test_without_a_validation_at_the_end_one_is_made(toy):
    write_config(toy.learn, (.8, .7, .9), toy.base, val_interval=99)
    report = run_swap([toy.learn], toy.work_dir,
                      cfg_options={'train_cfg.val_begin': 99})
    assert report['rows'][2]['values'][1] == pytest.approx(
        _after(BASE, (.8, .7, .9))[2])
    assert report['columns'] == ['base', 'after toy_learn']


def test_a_config_may_stand_twice(toy):
    report = run_swap([toy.learn, toy.forget, toy.learn], toy.work_dir)
    assert report['columns'] == [
        'base', 'after learn', 'after forget', 'after learn-2'
    ]
    assert LOG.steps == 12


def test_a_broken_state_file(toy):
    toy.work_dir.mkdir()
    (toy.work_dir / 'swap_state.json').write_text('{"records": ')
    with pytest.raises(ValueError, match='swap_state.json must be what'):
        _run(toy)
    assert LOG.steps == 0


def test_an_evaluator_that_does_not_know_splits(toy, monkeypatch):
    import toy_swap
    monkeypatch.setattr(toy_swap.ToyEvaluator, 'evaluate',
                        lambda self, size: dict(mAP=.5))
    with pytest.raises(ValueError, match="val_evaluator must report 'swap/"):
        _run(toy)
    assert LOG.steps == 0
