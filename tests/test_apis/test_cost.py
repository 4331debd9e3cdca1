import json

import pytest
import toy_swap
from toy_swap import LOG

from mmswap.apis import run_swap
from mmswap.apis.cost import versions
from mmswap.version import __version__


def _cost(toy, phase):
    state = json.loads((toy.work_dir / 'swap_state.json').read_text())
    return state['records'][phase]['cost']


def test_what_a_phase_cost(toy):
    run_swap([toy.learn, toy.forget], toy.work_dir)
    for phase in ('toy_learn', 'toy_forget'):
        cost = _cost(toy, phase)
        assert (cost['steps'], cost['trained'], cost['weights']) == (4, 3, 3)
        assert cost['device'] == 'cpu' and 0 < cost['seconds'] < 60
        assert cost['versions']['mmswap'] == __version__


def test_a_resumed_phase_counts_all_its_time(toy, monkeypatch):
    LOG.clear(fail_at=4)
    with pytest.raises(KeyboardInterrupt):
        run_swap([toy.learn], toy.work_dir)
    first = _cost(toy, 'toy_learn')
    assert first['steps'] == 3
    state = toy.work_dir / 'swap_state.json'
    told = json.loads(state.read_text())
    told['records']['toy_learn']['cost']['seconds'] = 1000.
    state.write_text(json.dumps(told))
    LOG.clear()
    run_swap([toy.learn], toy.work_dir)
    assert LOG.steps == 2
    assert 1000 < _cost(toy, 'toy_learn')['seconds'] < 1060
    toy_swap.write_config(toy.learn, (.8, .7, .5), toy.base)
    run_swap([toy.learn], toy.work_dir)
    assert _cost(toy, 'toy_learn')['seconds'] < 60


def test_versions_are_of_what_is_there():
    import torch
    assert versions()['torch'] == torch.__version__
    assert 'mmengine' in versions()
