"""The objectives against their closed forms."""
import pytest
import torch

from mmswap.models import ForgetObjective, LearnObjective
from mmswap.models.objectives.base import build_objective
from mmswap.models.outputs.branch import BranchOutputs


def totals(**values):
    return {k: torch.tensor(v, requires_grad=True) for k, v in values.items()}


def run(objective, given, **outputs):
    return objective(given, {
        name: BranchOutputs({}, **outputs) for name in given})


def test_learn_is_the_weighted_sum():
    terms = run(LearnObjective(.5, .9), totals(retain=3., learn=7.))
    assert float(terms['retain_loss']) == pytest.approx(1.5)
    assert float(terms['learn_loss']) == pytest.approx(6.3)
    assert len(terms) == 2


@pytest.mark.parametrize('forget, term, slope', [
    (4., .2 * (10 - 4.), -.2),
    (12., 0., 0.),
])
def test_forget_drives_the_loss_up_to_the_bound(forget, term, slope):
    given = totals(retain=3., forget=forget)
    terms = ForgetObjective(bound=10., weight=.2, retain_weight=2.)
    terms = run(terms, given)
    assert float(terms['retain_loss']) == 6.
    assert float(terms['forget_loss']) == pytest.approx(term)
    terms['forget_loss'].backward()
    assert float(given['forget'].grad) == pytest.approx(slope)


def test_defaults_are_the_published_weights_and_a_bound_to_be_found():
    learn, forget = LearnObjective(), ForgetObjective()
    assert (learn.retain_weight, learn.weight) == (1., .9)
    assert (forget.retain_weight, forget.weight) == (1., .2)
    assert forget.bound is None and not forget.auto_bound.ready


def test_auto_bound_comes_from_the_first_step_and_stays():
    objective = ForgetObjective(bound='auto', weight=1., auto_factor=3.)
    first = run(objective, totals(retain=0., forget=5.))
    assert float(first['forget_loss']) == pytest.approx(3 * 5. - 5.)
    later = run(objective, totals(retain=0., forget=9.))
    assert float(later['forget_loss']) == pytest.approx(3 * 5. - 9.)


def auto(**kwargs):
    return ForgetObjective(bound='auto', weight=1., auto_factor=3., **kwargs)


def test_auto_bound_travels_with_the_objective_until_a_phase_starts():
    objective = auto()
    run(objective, totals(retain=0., forget=5.))
    resumed = auto()
    resumed.load_state_dict(objective.state_dict())
    terms = run(resumed, totals(retain=0., forget=9.))
    assert float(terms['forget_loss']) == pytest.approx(3 * 5. - 9.)
    resumed.start_phase()
    terms = run(resumed, totals(retain=0., forget=2.))
    assert float(terms['forget_loss']) == pytest.approx(3 * 2. - 2.)


def test_objectives_of_one_process_have_bounds_of_their_own():
    """In turn: the second does not take the first one's, nor the reverse."""
    first, second = auto(), auto()
    for objective, forget, bound in ((first, 5., 15.), (second, 2., 6.),
                                     (first, 4., 15.), (second, 3., 6.)):
        terms = run(objective, totals(retain=0., forget=forget))
        assert float(terms['forget_loss']) == pytest.approx(bound - forget)


def test_a_checkpoint_without_a_bound_loads():
    objective = auto()
    objective.load_state_dict({})
    terms = run(objective, totals(retain=0., forget=2.))
    assert float(terms['forget_loss']) == pytest.approx(3 * 2. - 2.)


@pytest.mark.parametrize('kwargs, message', [
    (dict(bound=0), "bound must be positive or 'auto', got 0"),
    (dict(bound=-3.), "bound must be positive or 'auto', got -3"),
    (dict(bound='big'), "bound must be positive or 'auto', got 'big'"),
    (dict(weight=-1), 'weight must not be negative, got -1'),
    (dict(retain_weight=-2), 'retain_weight must not be negative, got -2'),
    (dict(bound='auto', auto_factor=1), 'auto_factor must be above 1, got 1'),
])
def test_forget_refuses(kwargs, message):
    with pytest.raises(ValueError, match=f'model.objective.{message}'):
        ForgetObjective(**kwargs)


@pytest.mark.parametrize('key', ['weight', 'retain_weight'])
def test_learn_refuses(key):
    with pytest.raises(
            ValueError, match=f'objective.{key} must not be negative, got -1'):
        LearnObjective(**{key: -1})


def test_something_else_is_no_objective():
    with pytest.raises(TypeError, match='model.objective must be .*got Base'):
        build_objective(dict(type='mmengine.BaseDataPreprocessor'))
