"""The prototype terms against their closed forms."""
import math

import pytest
import torch

from mmswap.models import PrototypeObjective
from mmswap.models.objectives.prototype import prototype_distances
from mmswap.models.outputs.branch import BranchOutputs
from mmswap.models.outputs.classifier_outputs import ClassifierOutputs


def softmax(row):
    powers = [math.exp(value) for value in row]
    return [power / sum(powers) for power in powers]


def kl_by_hand(values, prototypes):
    """Mean over the rows of sum p log(p / v), in plain arithmetic."""
    rows = []
    for value, prototype in zip(values.tolist(), prototypes.tolist()):
        p, v = softmax(prototype), softmax(value)
        rows.append(sum(a * math.log(a / b) for a, b in zip(p, v)))
    return sum(rows) / len(rows)


def prototype_distance(*args):
    return prototype_distances(*args).mean()


def run(objective, observed):
    return objective(TOTALS, {
        name: BranchOutputs({}, each) for name, each in observed.items()})


@pytest.fixture
def pair():
    return torch.randn(
        2, 3, 5, generator=torch.Generator().manual_seed(0)).unbind()


def test_kl_is_from_the_prototype_to_the_object(pair):
    values, prototypes = pair
    got = float(prototype_distance(values, prototypes, 'kl'))
    assert got == pytest.approx(kl_by_hand(values, prototypes), rel=1e-5)
    assert got != pytest.approx(kl_by_hand(prototypes, values), rel=1e-2)
    assert float(prototype_distance(values, values, 'kl')) == pytest.approx(
        0, abs=1e-6)
    # A shift of all features does not count, as a softmax does not see it.
    assert float(prototype_distance(values + 3, values, 'kl')) < 1e-6


def test_two_values_have_a_closed_form():
    # softmax of (0, 0) is (1/2, 1/2), of (log 3, 0) it is (3/4, 1/4).
    values = torch.tensor([[math.log(3), 0.]])
    got = prototype_distance(values, torch.zeros(1, 2), 'kl')
    assert float(got) == pytest.approx(
        .5 * math.log(.5 / .75) + .5 * math.log(.5 / .25))


def test_l2_is_the_mean_square(pair):
    values, prototypes = pair
    got = prototype_distance(values.half(), prototypes, 'l2')
    assert got.dtype == torch.float32
    wanted = (values.half().float() - prototypes).pow(2).sum() / 15
    assert float(got) == pytest.approx(float(wanted), rel=1e-5)


PROTOTYPES = dict(
    features=torch.tensor([[0., 1.], [2., 0.], [0., 0.]]),
    logits=torch.tensor([[3., 0., 0.], [0., 1., 0.], [0., 0., 0.]]),
    counts=torch.tensor([4, 2, 0]))


def make_observed():
    """Class 2 has no prototype: its objects do not count."""

    def leaf(*rows):
        return torch.tensor(rows, requires_grad=True)

    return dict(
        retain=ClassifierOutputs(
            leaf([1., 1.], [5., 5.]), leaf([1., 0., 0.], [9., 9., 9.]),
            torch.tensor([0, 2]), *torch.zeros(2, 2)),
        forget=ClassifierOutputs(
            leaf([0., 0.], [1., 3.]), leaf([0., 0., 0.], [1., 2., 3.]),
            torch.tensor([1, 1]), *torch.zeros(2, 2)))


TOTALS = dict(retain=torch.tensor(2.), forget=torch.tensor(4.))


@pytest.mark.parametrize('space', ['features', 'logits'])
@pytest.mark.parametrize('bound', [.2, 50.])
def test_terms(space, bound):
    objective = PrototypeObjective(
        forget_prototype_weight=.5,
        retain_prototype_weight=.25,
        prototype_bound=bound,
        distance='l2',
        space=space,
        bound=10.,
        weight=.2)
    objective.set_prototypes(PROTOTYPES)
    seen = make_observed()
    terms = run(objective, seen)
    known = PROTOTYPES[space]
    with torch.no_grad():
        away = (getattr(seen['forget'], space) - known[1]).pow(2).mean()
        kept = (getattr(seen['retain'], space)[0] - known[0]).pow(2).mean()
    assert away > .2
    wanted = dict(
        retain_loss=2.,
        forget_loss=.2 * (10 - 4),
        forget_prototype_distance=away,
        forget_prototype_loss=.5 * max(bound - float(away), 0),
        retain_prototype_distance=kept,
        retain_prototype_loss=.25 * kept)
    assert {k: v.item() for k, v in terms.items()} == {
        k: pytest.approx(float(v)) for k, v in wanted.items()}
    # Only losses are summed, by the `loss` in their keys.
    (terms['forget_prototype_loss'] + terms['retain_prototype_loss']).backward(
    )
    gradient = getattr(seen['forget'], space).grad
    assert bool(gradient.any()) == (bound == 50.)
    gradient = getattr(seen['retain'], space).grad
    assert gradient[0].any() and not gradient[1].any()


def test_a_term_of_weight_zero_is_left_out():
    objective = PrototypeObjective()  # As published: no retain term.
    objective.set_prototypes(PROTOTYPES)
    terms = run(objective, make_observed())
    assert set(terms) == {
        'retain_loss', 'forget_loss', 'forget_prototype_loss',
        'forget_prototype_distance'
    }
    seen = make_observed()['forget']
    assert float(terms['forget_prototype_loss']) == pytest.approx(
        .01 * (18 - kl_by_hand(seen.features,
                               PROTOTYPES['features'][seen.labels])))


def test_a_batch_without_objects_has_no_prototype_loss():
    objective = PrototypeObjective(.5, .5)
    objective.set_prototypes(PROTOTYPES)
    seen = {
        name: ClassifierOutputs(*(each[1:1] for each in observed))
        for name, observed in make_observed().items()
    }
    terms = run(objective, seen)
    for branch in ('retain', 'forget'):
        assert float(terms[f'{branch}_prototype_loss']) == 0
        assert terms[f'{branch}_prototype_loss'].requires_grad


def test_without_the_hook_the_first_step_says_so():
    with pytest.raises(RuntimeError, match='mmswap.PrototypeHook'):
        run(PrototypeObjective(), make_observed())


def test_prototypes_of_an_earlier_phase_do_not_serve():
    earlier = PrototypeObjective()
    earlier.set_prototypes(PROTOTYPES)
    objective = PrototypeObjective()
    objective.load_state_dict(earlier.state_dict())
    objective.start_phase()
    with pytest.raises(RuntimeError, match='there are none'):
        run(objective, make_observed())

    objective = PrototypeObjective()
    objective.load_state_dict(earlier.state_dict())
    wanted = run(earlier, make_observed())
    terms = run(objective, make_observed())
    assert {k: float(v) for k, v in terms.items()} == {
        k: float(v) for k, v in wanted.items()}


@pytest.mark.parametrize('kwargs, message', [
    (dict(forget_prototype_weight=-1.), 'must not be negative.* got -1.0 and'),
    (dict(forget_prototype_weight=0.), 'one of them positive, got 0.0 and'),
    (dict(prototype_bound=0), 'prototype_bound must be positive, got 0'),
    (dict(distance='cosine'), "distance must be one of .*got 'cosine'"),
    (dict(space='boxes'), "space must be one of .*got 'boxes'"),
    (dict(bound=-1.), 'bound must be positive'),
])
def test_refused(kwargs, message):
    with pytest.raises(ValueError, match=f'model.objective.*{message}'):
        PrototypeObjective(**kwargs)
