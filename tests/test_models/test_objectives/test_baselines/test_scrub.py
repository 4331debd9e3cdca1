"""SCRUB's steps in turn, and SCRUB-S's average."""
import pytest
import torch
from mmengine.registry import MODELS
from torch.nn import functional as F
from toy_classifier import make_cfg, make_model, make_step, move

SCRUB = dict(type='mmswap.SCRUBObjective')


def kl_by_hand(teacher, student, temperature):
    total = 0.
    for t, s in zip(teacher, student):
        p, q = (t / temperature).softmax(0), (s / temperature).softmax(0)
        total = total + (p * (p / q).log()).sum() / len(teacher)
    return total


@pytest.mark.parametrize('trains', ['all', 'adapter'])
def test_steps_by_hand(trains, frozen_copy):
    model = make_model(SCRUB, trains=trains)
    teacher, step = frozen_copy(model), make_step()
    model.objective.set_updates(0)
    model(**step, mode='loss')
    move(model)
    student, retain = model.model, step['retain']['inputs']

    losses = model(**step, mode='loss')
    forget = step['forget']['inputs']
    assert 'retain_loss' not in losses
    torch.testing.assert_close(
        losses['forget_loss'],
        -4 * kl_by_hand(teacher(forget), student(forget), 2.))

    model.objective.set_updates(1)
    losses = model(**step, mode='loss')
    assert 'forget_loss' not in losses
    torch.testing.assert_close(
        losses['distill_loss'],
        .001 * 4 * kl_by_hand(teacher(retain), student(retain), 2.))
    torch.testing.assert_close(
        losses['retain_loss'],
        .99 * F.cross_entropy(student(retain), step['retain']['data_samples']))


def test_turns():
    model = make_model(dict(SCRUB, max_every=3, max_until=6))
    maxed = []
    for iteration in range(12):
        model.objective.set_updates(iteration)
        if 'forget_loss' in model(**make_step(), mode='loss'):
            maxed.append(iteration)
    assert maxed == [0, 3]


@pytest.mark.parametrize('iteration', [0, 1])
def test_either_step_reaches_every_weight(iteration):
    """What DDP with find_unused_parameters=False needs."""
    model = make_model(dict(SCRUB, smoothing=.1))
    model.objective.set_updates(0)
    model(**make_step(), mode='loss')
    move(model)
    model.objective.set_updates(iteration)
    model.parse_losses(model(**make_step(), mode='loss'))[0].backward()
    assert all(p.grad is not None and p.grad.isfinite().all()
               for p in model.parameters() if p.requires_grad)


def test_the_running_average_by_hand():
    model = make_model(
        dict(SCRUB, smoothing=.05, average_every=2, average_decay=.1))
    params = dict(model.model.named_parameters())
    average = {k: p.detach().clone() for k, p in params.items()}
    for iteration in range(7):
        model.objective.set_updates(iteration)
        if iteration in (2, 4, 6):
            for key, param in params.items():
                average[key] = .9 * average[key] + .1 * param.detach()
        wanted = .05 * sum(
            float(((p.detach() - average[k])**2).sum()**.5)
            for k, p in params.items())
        losses = model(**make_step(), mode='loss')
        assert float(losses['smooth_loss'].detach()) == pytest.approx(
            wanted, rel=1e-4, abs=1e-7)
        move(model, seed=iteration)
    assert wanted > 0


def test_a_resumed_phase_goes_on_averaging(assert_same_bits):
    cfg = dict(SCRUB, smoothing=.05, average_every=1)
    model = make_model(cfg)
    for iteration in range(3):
        model.objective.set_updates(iteration)
        model(**make_step(), mode='loss')
        move(model, seed=iteration)
    state = {k: v.clone() for k, v in model.state_dict().items()}
    resumed = MODELS.build(make_cfg(cfg)).train()
    resumed.load_state_dict(state)
    resumed.resume_phase()
    assert_same_bits(resumed.objective.average.tensors,
                     model.objective.average.tensors)
    assert resumed.objective.average.ready
    assert resumed.objective.teacher.weights.ready
