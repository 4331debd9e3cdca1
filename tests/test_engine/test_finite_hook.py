"""A run that is not finite stops; one that stumbles does not."""
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from mmswap.engine.hooks import FiniteHook

NAN = float('nan')


@pytest.fixture
def runner(tmp_path):
    model = nn.BatchNorm1d(2)
    return SimpleNamespace(model=model, iter=0, work_dir=str(tmp_path))


def train(hook, runner, losses):
    for runner.iter, loss in enumerate(losses):
        hook.after_train_iter(
            runner, runner.iter, outputs=dict(loss=torch.tensor(loss)))


@pytest.mark.parametrize('losses', [
    [1.] * 40,
    [NAN] * 9 + [1.] + [NAN] * 9 + [1.],  # As a gradient scaler skips.
    [NAN] * 9,
])
def test_a_few_steps_are_borne(runner, losses):
    train(FiniteHook(patience=10, interval=5), runner, losses)


@pytest.mark.parametrize('loss', [NAN, float('inf')])
def test_steps_in_a_row_are_not(runner, loss):
    with pytest.raises(FloatingPointError, match='nothing was saved yet'):
        train(FiniteHook(patience=10, interval=5), runner, [1., *[loss] * 30])
    assert runner.iter < 1 + 10 + 5


@pytest.mark.parametrize('key', ['weight', 'bias', 'running_var'])
def test_nothing_is_saved_over_what_was_good(runner, tmp_path, key):
    torch.save(dict(a=1), tmp_path / 'iter_4.pth')
    (tmp_path / 'last_checkpoint').write_text('iter_4.pth')
    state = runner.model.state_dict()
    hook = FiniteHook()
    hook.before_save_checkpoint(runner, dict(state_dict=state))
    hook.after_train(runner)
    state[key][1] = NAN
    for call in (lambda: hook.after_train(runner),
                 lambda: hook.before_save_checkpoint(
                     runner, dict(state_dict=state))):
        with pytest.raises(FloatingPointError, match=f'{key}.*iter_4.pth'):
            call()
    with pytest.raises(ValueError, match=f'load_from must .*{key}'):
        hook.after_load_checkpoint(runner, dict(state_dict=state))


def test_a_buffer_may_be_infinite(runner):
    state = runner.model.state_dict()
    state['running_var'][0] = float('inf')
    FiniteHook().before_save_checkpoint(runner, dict(state_dict=state))
    state['weight'][0] = float('inf')
    with pytest.raises(FloatingPointError, match='weight'):
        FiniteHook().before_save_checkpoint(runner, dict(state_dict=state))


@pytest.mark.parametrize('key', ['patience', 'interval'])
def test_refused(key):
    with pytest.raises(ValueError, match=f'{key} must be at least 1, got 0'):
        FiniteHook(**{key: 0})
