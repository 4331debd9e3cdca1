"""Schedules against the run, also of loops that count epochs."""
import pytest

from mmswap.apis.doctor.check_schedule import (
    check_iteration_schedulers,
    check_length,
    check_passes,
    check_schedulers,
    length_of,
    steps_of,
)
from mmswap.apis.doctor.examined import Examined, in_scope
from mmswap.apis.plan import plan_phases


@pytest.fixture
def examine(swap):
    """(lines of the learn config) -> the swap and its phase."""

    def examine(*lines):
        for line in lines:
            swap.add('learn', line)
        phases = plan_phases(swap.configs[:1], swap.folder / 'out')
        return Examined(phases, swap.folder / 'out'), phases[0]

    return examine


EPOCHS = 'train_cfg = dict(by_epoch=True, max_epochs=3)'


def schedulers(*given):
    return f'param_scheduler = [{", ".join(given)}]'


def found(check, given):
    with in_scope(given[1]):
        return [(each.level, each.key) for each in check(*given)]


def test_the_length_of_a_phase(examine):
    given = examine(EPOCHS)
    assert length_of(given[1]) == (True, 3)
    with in_scope(given[1]):
        # 8 new images, 2 a step.
        assert steps_of(*given) == 12


def test_a_loop_of_ones_own_is_left_alone(examine):
    given = examine("train_cfg = dict(type='MyLoop', max_iters=0)")
    assert length_of(given[1]) is None
    for check in (check_length, check_schedulers, check_passes,
                  check_iteration_schedulers):
        assert not found(check, given)


@pytest.mark.parametrize('scheduler, key', [
    ("dict(type='CosineAnnealingLR', T_max=3)", None),
    ("dict(type='CosineAnnealingLR', T_max=9)", 'T_max'),
    ("dict(type='CosineAnnealingLR', end=2)", 'end'),
    ("dict(type='PolyLR', end=3)", None),
    ("dict(type='MultiStepLR', milestones=[2, 5])", None),
    ("dict(type='MultiStepLR', milestones=[3, 5])", 'milestones'),
    ("dict(type='ConstantLR', factor=.1, end=30)", None),
    ("dict(type='LinearLR', start_factor=.1, end=9)", 'end'),
    ("dict(type='LinearLR', start_factor=.1, end=1)", None),
])
def test_a_schedule_by_epochs_in_a_run_of_three(examine, scheduler, key):
    wanted = [] if key is None else [('warning', f'param_scheduler[0].{key}')]
    assert found(check_schedulers,
                 examine(EPOCHS, schedulers(scheduler))) == wanted


def test_one_schedule_may_go_on_where_another_ends(examine):
    """As YOLOX's does."""
    given = examine(EPOCHS, schedulers(
        "dict(type='QuadraticWarmupLR', end=1, convert_to_iter_based=True)",
        "dict(type='CosineAnnealingLR', begin=1, T_max=2, end=2)",
        "dict(type='ConstantLR', begin=2, end=3)"))
    assert not found(check_schedulers, given)


@pytest.mark.parametrize('end, wrong', [(6, False), (12, False), (13, True)])
def test_a_warm_up_by_iterations_in_a_loop_of_epochs(examine, end, wrong):
    given = examine(EPOCHS, schedulers(
        f"dict(type='LinearLR', by_epoch=False, start_factor=.1, end={end})"))
    assert not found(check_schedulers, given)
    wanted = [('warning', 'param_scheduler[0].end')] if wrong else []
    assert found(check_iteration_schedulers, given) == wanted


def test_epochs_that_become_iterations(examine):
    """Which works in both loops."""
    line = schedulers("dict(type='CosineAnnealingLR', T_max=2, "
                      'convert_to_iter_based=True)')
    assert not found(check_schedulers, examine(line))


def test_passes(examine):
    given = examine()
    with in_scope(given[1]):
        facts = {each.facts['branch']: each.facts
                 for each in check_passes(*given)}
    # 20 steps of 2: of 8 new images, and of old ones in their shares.
    assert facts['learn']['passes'] == 5.
    assert facts['learn']['images'] == 8 and facts['retain']['size'] == 2
