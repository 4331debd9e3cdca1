"""What was measured before training travels with a resumed run alone."""
import logging
from types import SimpleNamespace

import pytest

from mmswap.engine import SwapLogHook
from mmswap.evaluation import SwapEvaluator


def runner_of(iteration, before=None):
    evaluator = object.__new__(SwapEvaluator)
    evaluator.before = before
    return SimpleNamespace(
        iter=iteration,
        val_loop=SimpleNamespace(evaluator=evaluator),
        logger=logging.getLogger('before'))


@pytest.fixture
def measured(monkeypatch):
    """What a validation says, by turns."""
    values = iter([.5, .6, .7])
    monkeypatch.setattr(
        'mmswap.engine.hooks.swap_log_hook._validate',
        lambda runner: {'swap/forget': next(values), 'other': 1.})


@pytest.mark.parametrize('iteration, wanted', [(3, .5), (0, .6)])
def test_a_resumed_run_remembers_and_a_new_one_measures(
        measured, iteration, wanted):
    hook, runner, checkpoint = SwapLogHook(), runner_of(0), {}
    hook.before_train(runner)
    assert runner.val_loop.evaluator.before == dict(forget=.5)
    hook.before_save_checkpoint(runner, checkpoint)

    later, runner = SwapLogHook(), runner_of(iteration)
    later.after_load_checkpoint(runner, checkpoint)
    later.before_train(runner)
    assert runner.val_loop.evaluator.before == dict(forget=wanted)


def test_what_the_config_says_goes_first(measured):
    runner = runner_of(0, before=dict(forget=.9))
    SwapLogHook().before_train(runner)
    assert runner.val_loop.evaluator.before == dict(forget=.9)


def test_two_runs_of_one_process_do_not_meet(measured):
    first, second = runner_of(0), runner_of(0)
    for runner in (first, second):
        SwapLogHook().before_train(runner)
    assert first.val_loop.evaluator.before == dict(forget=.5)
    assert second.val_loop.evaluator.before == dict(forget=.6)
