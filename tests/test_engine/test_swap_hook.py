"""What SwapHook does to a phase: begin, resume, seed."""
import copy
import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from swap_toy import make_step as make_learn_step
from swap_toy import make_swap_cfg
from torch.utils.data import BatchSampler
from toy_classifier import make_cfg, make_model, make_step, move, step_loss

from mmswap.datasets import SwapSampler
from mmswap.engine import SwapHook
from mmswap.models.outputs.prototypes import PrototypeSums, classifier_outputs

FORGET = dict(type='mmswap.ForgetObjective', bound='auto', weight=1.)
PROTOTYPES = dict(
    type='mmswap.PrototypeObjective', bound='auto', weight=1.,
    retain_prototype_weight=1.)


@pytest.fixture(autouse=True)
def _scope():
    with DefaultScope.overwrite_default_scope('mmengine'):
        yield


def runner_of(model, iteration=0, seed=3):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], .1)
    return SimpleNamespace(
        model=model,
        iter=iteration,
        seed=seed,
        cfg=Config(),
        work_dir='work',
        hooks=[],
        train_loop=None,
        val_loop=None,
        optim_wrapper=SimpleNamespace(optimizer=optimizer))


def saved_phase(cfg=FORGET):
    """A model's state after some steps of a phase."""
    model = make_model(cfg, trains='adapter')
    step_loss(model, make_step())
    move(model)
    return {k: v.clone() for k, v in model.state_dict().items()}


def test_a_phase_checkpoint_needs_to_know_whether_the_phase_goes_on():
    model = MODELS.build(make_cfg(FORGET, trains='adapter')).train()
    model.load_state_dict(saved_phase())
    with pytest.raises(RuntimeError, match='default_hooks.swap'):
        model(**make_step(), mode='loss')
    model.eval()(**make_step(), mode='loss')  # Nothing is trained.
    model.train()
    SwapHook().before_train(runner_of(model, iteration=2))
    model(**make_step(), mode='loss')


def test_a_base_checkpoint_needs_no_call():
    make_model(FORGET, trains='adapter')(**make_step(), mode='loss')


@pytest.mark.parametrize('iteration, kept', [(0, False), (2, True)])
def test_iteration_0_begins_and_any_other_resumes(iteration, kept):
    state = saved_phase()
    model = MODELS.build(make_cfg(FORGET, trains='adapter')).train()
    model.load_state_dict(state)
    SwapHook().before_train(runner_of(model, iteration))
    losses = model(**make_step(seed=5), mode='loss')
    bound = state['objective.auto_bound.bound'] if kept else (
        4 * losses['forget_total'])
    torch.testing.assert_close(
        losses['forget_loss'], bound - losses['forget_total'])


def test_updates_are_counted_and_not_iterations():
    """Also over a stop between two batches of one update."""
    model = make_model(FORGET, trains='adapter')
    hook, told = SwapHook(), []
    runner = runner_of(model)
    hook.before_train(runner)
    for runner.iter in range(5):  # Two batches an update.
        hook.before_train_iter(runner, 0)
        told.append(model.objective.updates)
        if runner.iter % 2:
            runner.optim_wrapper.optimizer.step()
    assert told == [0, 0, 1, 1, 2]
    checkpoint = {}
    hook.before_save_checkpoint(runner, checkpoint)
    resumed, runner = SwapHook(), runner_of(model, iteration=5)
    resumed.after_load_checkpoint(runner, checkpoint)
    resumed.before_train(runner)
    resumed.before_train_iter(runner, 0)
    assert model.objective.updates == 2
    # Loaded and not resumed: a new phase counts from 0.
    begun, runner = SwapHook(), runner_of(model)
    begun.after_load_checkpoint(runner, checkpoint)
    begun.before_train(runner)
    begun.before_train_iter(runner, 0)
    assert model.objective.updates == 0


def test_dead_groups_begin_anew_and_no_output_changes():
    model = MODELS.build(make_swap_cfg())
    model.load_state_dict(MODELS.build(make_swap_cfg()['model']).state_dict())
    batch = make_learn_step()['retain']
    first, second = model.groups.values()
    with torch.no_grad():
        for param in [*first, *second]:
            param.normal_()
        for param in first:
            param.zero_()
    alive = copy.deepcopy([p.data for p in second])
    before = model.eval()(**batch)
    model.start_phase()
    assert torch.equal(model(**batch), before)
    assert all(bool(down.any()) for down in first[::2])
    assert all(not bool(up.any()) for up in first[1::2])
    assert all(torch.equal(p, q) for p, q in zip(second, alive))
    model.train()
    step_loss(model, make_learn_step()).backward()
    assert all(bool(up.grad.any()) for up in first[1::2])


def test_dead_groups_stay_as_they_are_in_a_resumed_phase():
    model = MODELS.build(make_swap_cfg())
    with torch.no_grad():
        for params in model.groups.values():
            for param in params:
                param.zero_()
    model.resume_phase()
    assert not any(bool(p.any()) for g in model.groups.values() for p in g)


def draws(seed, iteration):
    for seed_one in (torch.manual_seed, np.random.seed, random.seed):
        seed_one(iteration)  # Whatever was drawn before.
    SwapHook().before_train_iter(runner_of(None, iteration, seed), 0)
    return torch.tensor([torch.rand(()), np.random.rand(), random.random()])


def test_a_step_draws_by_seed_and_iteration_alone(monkeypatch):
    assert torch.equal(draws(3, 7), draws(3, 7))
    assert draws(3, 7).ne(draws(3, 8)).all()
    assert draws(3, 7).ne(draws(4, 7)).all()
    first = draws(3, 7)
    monkeypatch.setattr('mmswap.engine.hooks.swap_hook.get_rank', lambda: 1)
    assert first.ne(draws(3, 7)).all()


def test_without_a_seed_nothing_is_seeded():
    torch.manual_seed(7)
    wanted = torch.rand(3)
    torch.manual_seed(7)
    SwapHook().before_train_iter(runner_of(None, seed=None), 0)
    assert torch.equal(torch.rand(3), wanted)


@pytest.mark.parametrize('loop, endless', [
    (IterBasedTrainLoop, True), (EpochBasedTrainLoop, False)])
def test_the_sampler_goes_on_where_iterations_count(loop, endless):
    """mmengine waits two seconds at each end of a sampler, otherwise."""
    sampler = object.__new__(SwapSampler)
    runner = runner_of(None)
    runner.train_loop = object.__new__(loop)
    sampler.branch_sizes = dict(retain=1)
    runner.train_loop.dataloader = SimpleNamespace(
        sampler=sampler, batch_sampler=BatchSampler(sampler, 1, False))
    SwapHook().before_train(runner)
    assert sampler.endless is endless


def with_prototypes(model, batch):
    sums = PrototypeSums(len(model.class_table))
    for branch in batch.values():
        sums.add(classifier_outputs(model, branch, model.objective.plan))
    model.objective.set_prototypes(sums.means())


def test_two_models_of_one_process_do_not_meet():
    """Trained in turn they end as each does alone."""

    def build(scale):
        model = make_model(PROTOTYPES, trains='adapter')
        move(model, scale)
        model.start_phase()
        with_prototypes(model, make_step(seed=int(10 * scale)))
        return model

    def train(model, seed):
        optim = torch.optim.SGD(
            [p for p in model.parameters() if p.requires_grad], .05)
        torch.manual_seed(seed)
        loss = step_loss(model, make_step(seed=seed))
        loss.backward()
        optim.step()
        optim.zero_grad()
        return float(loss)

    alone = []
    for scale in (.1, .3):
        model = build(scale)
        alone.append([train(model, seed) for seed in range(3)])
    models = [build(scale) for scale in (.1, .3)]
    in_turn = [[train(m, seed) for m in models] for seed in range(3)]
    assert [list(losses) for losses in zip(*in_turn)] == alone
    assert alone[0] != alone[1]
