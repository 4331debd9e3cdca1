"""Requests that each begin with a new network."""
from types import SimpleNamespace

import pytest
from mmengine.config import Config

from mmswap.apis import swap_phases
from mmswap.apis.plan import Phase


def make_phase(name, trains):
    cfg = Config(
        dict(
            model=dict(trains=trains, classes=dict(base=['a', 'b'])),
            val_evaluator=dict(),
            work_dir='work',
            load_from='base.pth'))
    return Phase(name, cfg, 'print')


@pytest.mark.parametrize('trains, load_from', [
    ('from_scratch', 'base.pth'), ('all', 'earlier.pth')])
def test_a_request_does_not_go_on_from_the_last(tmp_path, trains, load_from):
    runs = swap_phases.SwapPhases(
        tmp_path, [make_phase('1', trains), make_phase('2', trains)], None)
    runs.records.put('base', fingerprint='', metrics={})
    cfg = runs._phase_cfg(runs.phases[1], 'earlier.pth')
    assert cfg.load_from == load_from and not cfg.resume


@pytest.mark.parametrize('trains', ['from_scratch', 'all', 'adapter'])
def test_the_base_is_loaded_to_be_scored(tmp_path, monkeypatch, trains):
    built = []

    def build(cfg, console):
        built.append(cfg)
        return SimpleNamespace(val=lambda: {'swap/retain': .9})

    monkeypatch.setattr(swap_phases, 'build_runner', build)
    runs = swap_phases.SwapPhases(tmp_path, [make_phase('1', trains)], None)
    runs._evaluate_base(runs.phases[0])
    assert built[0].model.trains == trains.replace('from_scratch', 'all')
    assert runs.phases[0].cfg.model.trains == trains
    assert runs.records.get('base')['metrics'] == {'swap/retain': .9}
