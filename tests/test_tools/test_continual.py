"""The benchmark of continual forgetting: its plans, settings and tables."""
import csv
import itertools
import json
import sys
from pathlib import Path

import pytest
from mmengine.registry import DefaultScope

from mmswap.apis.plan import plan_phases
from mmswap.class_table import ClassTable
from mmswap.datasets.phase_branches import phase_branches

ROOT = Path(__file__).parents[2]


@pytest.fixture
def continual(monkeypatch):
    """The script as a module, run from the repository's root."""
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(ROOT / 'tools/benchmarks'))
    sys.modules.pop('continual', None)
    import continual
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield continual


def test_every_method_has_a_config(continual):
    configs = (ROOT / 'configs/digits/baselines').glob('vit-nano_*.py')
    assert sorted(continual.METHODS) == sorted(
        path.stem[len('vit-nano_'):] for path in configs)
    assert continual.methods_of('vit-nano') == list(continual.METHODS)
    assert continual.methods_of('mask2former_swin-nano') == [
        'gs-lora', 'gs-lora-pp']


def test_what_each_method_trains(continual):
    found = {name: continual.trained_parameters(
        continual.config_of('vit-nano', name))
             for name in ('gs-lora', 'full', 'ewc', 'retrain')}
    # A and B of rank 8 of two linears, 96 and 384 wide, in six blocks.
    assert found['gs-lora'] == 6 * 2 * 8 * (96 + 384)
    # The head, 96 to 8 classes, stays but in a new network.
    assert found['retrain'] - found['full'] == 96 * 8 + 8
    assert found['ewc'] == found['full'] > 10 * found['gs-lora']


@pytest.mark.slow
@pytest.mark.parametrize('model, method', [
    ('vit-nano', 'gs-lora'), ('vit-nano', 'gs-lora-pp'), ('vit-nano', 'lwf'),
    ('vit-nano', 'retrain'), ('mask2former_swin-nano', 'gs-lora-pp')])
@pytest.mark.parametrize('setting', ['full', 'shots4', 'missing'])
def test_each_setting_is_a_plan(continual, tmp_path, model, method, setting):
    config = continual.config_of(model, method)
    base = tmp_path / 'base.pth'
    base.write_bytes(b'weights')
    plan = continual.write_plan(config, setting, continual.REQUESTS,
                                tmp_path / 'run')
    options = continual.setting_options(config, setting, 3)
    phases = plan_phases([plan], tmp_path,
                         cfg_options=dict(options, load_from=str(base)))
    assert len(phases) == 2
    gone = [('three', 'five'), ('one', 'six')]
    for number, phase in enumerate(phases):
        cfg = phase.cfg
        table = ClassTable.from_cfg(cfg.model.classes)
        assert table.forget == gone[number]
        assert table.forgotten_before == tuple(itertools.chain(*gone[:number]))
        assert table.missing == (
            ('seven', ) if setting == 'missing' else ())
        assert cfg.randomness.seed == 3
        data = cfg.train_dataloader.dataset
        branches = data.get('branches') or phase_branches(
            data.phase, ClassTable.from_cfg(data.classes), data.old,
            subset=data.get('subset'))
        assert list(branches) == (
            ['retain'] if method == 'retrain' else ['retain', 'forget'])
        for branch in itertools.chain(*(
                branch if isinstance(branch, list) else [branch]
                for branch in branches.values())):
            assert branch.get('shots') == (4 if setting == 'shots4' else None)
            assert ClassTable.from_cfg(branch['classes']) == table
        assert (cfg.model.get('adapter') is None) is (
            method in ('lwf', 'retrain'))
        assert [
            hook.copies for hook in cfg.get('custom_hooks', [])
            if hook.type == 'mmswap.PrototypeHook'
        ] == (method == 'gs-lora-pp') * [20 if setting == 'shots4' else 1]


def test_tables(continual, tmp_path):
    report = dict(
        columns=['base', 'after 1', 'after 2'],
        checkpoints={'one': 'a.pth', 'two': 'b.pth'},
        metrics={
            'base': {'swap/retain': 90.},
            'after 1': {'swap/retain': 80., 'swap/forget': 5.,
                        'swap/h_mean': 70.},
            'after 2': {'swap/retain': 60., 'swap/forget': 1.,
                        'swap/forgotten_before': 2., 'swap/h_mean': 50.}
        })
    logs = tmp_path / 'two' / '20260101' / 'vis_data'
    logs.mkdir(parents=True)
    (logs / 'scalars.json').write_text('\n'.join(
        json.dumps(line) for line in (
            dict(loss=1., time=.1), dict(loss=1., time=.3),
            dict(loss=1., time=.2), {'retain/accuracy': 1., 'time': 9.})))
    rows = [
        dict(row, setting='full', method='lwf', seed=seed, trained=1234)
        for seed in (0, 1) for row in continual.rows_of(report, tmp_path)
    ]
    continual.write_tables(rows, tmp_path)
    assert (tmp_path / 'continual.md').read_text().splitlines()[-1] == (
        '| lwf | 60.0 | 60.0 | 1.0 | 2.0 | - | 1,234 | 0.200 |')
    with open(tmp_path / 'continual.csv', newline='') as file:
        read = list(csv.DictReader(file))
    assert len(read) == 4 and read[0]['forgotten_before'] == ''
    assert [row['h_mean'] for row in read] == ['70.0', '50.0'] * 2
    # AP is no percentage.
    for row in rows:
        row.update({key: row[key] / 100 for key in (
            'h_mean', 'retain', 'forget', 'forgotten_before') if row[key]})
    continual.write_tables(rows, tmp_path)
    assert '| lwf | 0.600 | 0.600 | 0.010 | 0.020 |' in (
        tmp_path / 'continual.md').read_text()
