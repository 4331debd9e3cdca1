"""An audit from end to end, of a classifier that has one layer."""
import json
import re

import pytest
import torch
from mmengine.config import Config

from mmswap.apis.audit import References, run_audit
from mmswap.apis.audit.run import audit_folder, choose_tests
from mmswap.apis.audit.subjects import SubjectReader
from mmswap.apis.config import load_config
from mmswap.apis.merge import build_model, merge_checkpoint
from mmswap.audit import AuditSettings
from mmswap.audit.panel.survival import SurvivalTest

BASE = ('a', 'b', 'c')
NAMES = (*BASE, 'd')
SETTINGS = AuditSettings(images=16, shots=2, draws=2, steps=(1, 2), batch=4)

def test_the_models_are_what_they_are_called(swap):
    cfg = load_config('forget.py')
    reader = SubjectReader(cfg)
    subject, base = reader.subject('phase.pth'), reader.base(None)
    stored = torch.load('base.pth', weights_only=True)['state_dict']
    for key, value in stored.items():
        rows = base.state[key][:3] if key.startswith('head') else \
            base.state[key]
        assert torch.equal(rows, value), key
        assert torch.equal(subject.without_adapter[key], base.state[key])
    differ = [k for k in base.state
              if not torch.equal(subject.state[k], base.state[k])]
    assert differ and all('ffn' in key for key in differ)
    assert subject.adapter['groups'] == subject.adapter['changed'] == 2
    inputs = torch.rand(2, 3, 16, 16)
    phase = build_model(cfg, torch.load(
        'phase.pth', weights_only=True)['state_dict']).eval()
    torch.testing.assert_close(
        subject.build()(inputs), phase(inputs), rtol=1e-4, atol=1e-5)


def test_a_merged_model_in_another_order_is_the_same(swap):
    merge_checkpoint('forget.py', 'phase.pth', 'merged.pth')
    merged = torch.load('merged.pth', weights_only=True)
    order = [3, 1, 0, 2]
    state = {
        key: value[order] if key.startswith('head') else value
        for key, value in merged['state_dict'].items()}
    merged['meta']['dataset_meta']['classes'] = [NAMES[i] for i in order]
    torch.save(dict(merged, state_dict=state), 'other.pth')
    reader = SubjectReader(load_config('forget.py'))
    wanted = reader.subject('phase.pth').state
    for name in ('merged.pth', 'other.pth'):
        got = SubjectReader(load_config('forget.py')).subject(name)
        for key, value in wanted.items():
            torch.testing.assert_close(got.state[key], value)
        assert got.without_adapter is None
    with pytest.raises(ValueError, match='--base'):
        SubjectReader(load_config('forget.py')).base(None)
    merged['meta']['dataset_meta']['classes'] = ['a', 'b', 'c', 'x']
    torch.save(merged, 'wrong.pth')
    with pytest.raises(ValueError, match='checkpoint must have the classes'):
        reader.subject('wrong.pth')


@pytest.mark.slow
def test_all_tests_of_all_models(swap, monkeypatch):
    tests = list(choose_tests(())) + ['membership']
    run = lambda **changes: run_audit(  # noqa: E731
        'forget.py', 'phase.pth', References(retrained=['1.pth', '2.pth']),
        SETTINGS._replace(**changes), tests, 'out')
    report = run()
    assert report == json.loads((swap / 'out/audit/audit.json').read_text())
    names = ['subject', 'retrained 0', 'retrained 1', 'hidden', 'base']
    assert [each['name'] for each in report['models']] == names
    figures = {}
    for result in report['results']:
        assert result['low'] <= result['value'] <= result['high']
        assert (result['verdict'] is None) == (result['subject'] != 'subject')
        figures.setdefault(result['figure'], []).append(result['subject'])
    wanted = {key for test in choose_tests(tests).values()
              for key in test.figures}
    assert set(figures) == wanted
    assert all(sorted(found) == sorted(names) for found in figures.values())
    by_model = {r['subject']: r['value'] for r in report['results']
                if r['figure'] == 'adapter/off'}
    assert by_model['subject'] == by_model['base']
    assert by_model['hidden'] <= .01
    text = (swap / 'out/audit/audit.md').read_text()
    assert 'does not test that given images' in text and 'relearning' in text
    called = {each['name']: each['called'] for each in report['models']}
    named = {r['subject']: r['value'] for r in report['results']
             if r['figure'] == 'survival/merged'}
    for name, shares in called.items():
        assert shares['named'] == named[name]
        assert sum(shares.values()) == pytest.approx(1)
    assert re.search(r'\| renamed +(\| \d\.\d{3} +){5}\|', text)

    measured = []
    original = SurvivalTest.run
    monkeypatch.setattr(SurvivalTest, 'run', lambda self, subject, data: (
        measured.append(subject.name), original(self, subject, data))[1])
    assert run() == report and not measured
    torch.save(torch.load('2.pth', weights_only=True), '1.pth')
    run()
    assert measured == ['retrained 0']


@pytest.mark.slow
def test_models_that_never_saw_the_class_are_trained(swap):
    audit = lambda: run_audit(  # noqa: E731
        'forget.py', 'phase.pth', References(stock='stock.py'), SETTINGS,
        ['survival'], 'out')
    report = audit()
    folders = [swap / 'out' / 'audit' / f'retrained_{s}' for s in (0, 1)]
    times = [(folder / 'iter_3.pth').stat().st_mtime for folder in folders]
    states = [torch.load(folder / 'iter_3.pth', weights_only=False)
              ['state_dict'] for folder in folders]
    key = 'model.backbone.layers.0.ffn.layers.1.weight'
    assert not torch.equal(states[0][key], states[1][key])
    assert audit() == report
    assert times == [
        (folder / 'iter_3.pth').stat().st_mtime for folder in folders]


def test_what_is_wrong_is_said_first(swap):
    with pytest.raises(ValueError, match='tests must be some of'):
        run_audit('forget.py', 'phase.pth', tests=['probes'])
    with pytest.raises(ValueError, match='draws must be'):
        run_audit('forget.py', 'phase.pth', settings=SETTINGS._replace(
            draws=1))
    with pytest.raises(ValueError, match='model.type must be'):
        run_audit('stock.py', 'phase.pth')
    with pytest.raises(ValueError, match='classes.forget must'):
        run_audit('forget.py', 'phase.pth', cfg_options={
            f'{key}classes.forget': [] for key in (
                '', 'model.', 'train_dataloader.dataset.',
                'val_dataloader.dataset.', 'test_dataloader.dataset.')})


def test_an_audit_goes_beside_the_report_of_its_swap(tmp_path):
    swap = tmp_path / 'swap'
    (swap / 'site_forget').mkdir(parents=True)
    (swap / 'swap_state.json').write_text('{}')
    checkpoint = swap / 'site_forget' / 'iter_3.pth'
    assert audit_folder('c/site_forget.py', checkpoint) == swap / 'audit'
    assert audit_folder('c/site_forget.py', swap / 'merged.pth') == (
        swap / 'audit')
    assert str(audit_folder('c/site_forget.py', tmp_path / 'x.pth')) == (
        'work_dirs/site_forget_audit/audit')
    assert audit_folder('c.py', checkpoint, 'out').parts == ('out', 'audit')


def test_the_retrained_config_shows_nothing_of_the_class(swap):
    from mmswap.apis.audit.retrain import retrain_config
    from mmswap.registry import DATASETS
    stock = Config.fromfile('stock.py')
    cfg = retrain_config(load_config('forget.py'), stock, 7)
    assert cfg.train_cfg == stock.train_cfg and cfg.randomness.seed == 7
    assert cfg.model.trains == 'from_scratch' and cfg.load_from is None
    dataset = DATASETS.build(cfg.train_dataloader.dataset)
    labels = {int(dataset[i]['data_samples'].gt_label)
              for i in range(len(dataset))}
    assert labels == {0, 2, 3}
    stock.train_dataloader = None
    with pytest.raises(ValueError, match='stock must be'):
        retrain_config(load_config('forget.py'), stock, 7)
