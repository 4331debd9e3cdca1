"""Gradients taken branch by branch are those of one backward pass."""
import copy

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from mmswap.models import early_backward
from mmswap.models.early_backward import can_go_back_early, take_gradients
from mmswap.models.step_losses import StepPlan, step_losses

AT_ONCE = StepPlan(early_backward=False)


def gradients(swap, make_batch, plan, branch='learn'):
    """Losses and gradients of one step, on the same images and draws."""
    swap.train().zero_grad()
    data = swap.data_preprocessor(
        {'retain': make_batch(2, 1), branch: make_batch(1, 2, (3, 5))}, True)
    torch.manual_seed(3)
    losses = step_losses(swap.model, swap.objective, data, plan)
    swap.parse_losses(losses)[0].backward()
    return losses, {
        key: param.grad.clone() for key, param in swap.named_parameters()
        if param.requires_grad
    }


@pytest.mark.parametrize('phase', ['learn', 'forget'])
def test_gradients_are_those_of_one_backward_pass(
        build_swap, detector, make_batch, randomise_adapter, phase):
    swap = randomise_adapter(build_swap(detector, phase))
    losses, wanted = gradients(swap, make_batch, AT_ONCE, phase)
    early, found = gradients(swap, make_batch, StepPlan(), phase)
    torch.testing.assert_close(early, losses, rtol=0, atol=0)
    assert found.keys() == wanted.keys() and len(found) > 20
    for key, grad in wanted.items():
        torch.testing.assert_close(found[key], grad, msg=key)


@pytest.mark.parametrize('phase, objective', [
    ('learn', dict(type='mmswap.LearnObjective', retain_weight=.3)),
    ('forget', dict(type='mmswap.ClassForgetObjective', retain_weight=.3)),
])
def test_what_the_base_model_says_is_held_the_same(
        build_swap, make_batch, randomise_adapter, phase, objective):
    swap = randomise_adapter(build_swap(
        'mask2former', phase, objective=dict(objective, hold_weight=2.)))
    losses, wanted = gradients(swap, make_batch, AT_ONCE, phase)
    early, found = gradients(swap, make_batch, StepPlan(), phase)
    assert losses['hold_loss'] > 0
    torch.testing.assert_close(early, losses, rtol=0, atol=0)
    for key, grad in wanted.items():
        torch.testing.assert_close(found[key], grad, msg=key)


@pytest.mark.parametrize('objective, early', [
    (dict(type='mmswap.LearnObjective'), ('retain', )),
    (dict(type='mmswap.LearnObjective', retain_weight=0.), ()),
    (dict(type='mmswap.LearnObjective', hold_weight=1.), ('retain', )),
    (dict(type='mmswap.ForgetObjective', bound=9.), ('retain', )),
    (dict(type='mmswap.ClassForgetObjective'), ('retain', )),
    (dict(type='mmswap.PrototypeObjective'), ('retain', )),
    (dict(type='mmswap.PrototypeObjective', retain_prototype_weight=.1), ()),
])
def test_a_branch_is_early_where_its_total_is_all(build_swap, objective,
                                                  early):
    phase = 'learn' if 'Learn' in objective['type'] else 'forget'
    swap = build_swap('mask2former', phase, load=False, objective=objective)
    parts = swap.model, swap.objective
    assert swap.step_plan.early_branches(*parts) == early
    assert not AT_ONCE.early_branches(*parts)


def test_what_was_kept_is_freed_and_the_chain_rule_holds():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    model[0].bias.requires_grad_(False)
    twin = copy.deepcopy(model)
    images = torch.randn(5, 3)
    output = model(images).sum()
    loss = take_gradients(output, model, output.detach())
    with pytest.raises(RuntimeError, match='second time'):
        output.backward()
    assert all(param.grad is None for param in model.parameters())
    (loss**2).backward()
    (twin(images).sum()**2).backward()
    assert loss == output
    for param, other in zip(model.parameters(), twin.parameters()):
        torch.testing.assert_close(param.grad, other.grad)


def test_gradients_accumulate():
    model = nn.Linear(2, 1)
    for _ in range(2):
        loss = model(torch.ones(1, 2)).sum()
        take_gradients(loss, model, loss.detach()).backward()
    torch.testing.assert_close(model.weight.grad, torch.full((1, 2), 2.))


def test_a_loss_without_gradient_stays():
    model = nn.Linear(2, 1).requires_grad_(False)
    loss = model(torch.ones(1, 2)).sum()
    assert take_gradients(loss, model, loss) is loss


class Checkpointed(nn.Module):

    def __init__(self, use_reentrant):
        super().__init__()
        self.layer = nn.Linear(2, 2)
        self.use_reentrant = use_reentrant

    def forward(self, images):
        return checkpoint(
            self.layer, images, use_reentrant=self.use_reentrant).sum()


@pytest.mark.parametrize('use_reentrant', [True, False])
def test_reentrant_checkpointing_goes_back_at_the_end(use_reentrant):
    model, plan = Checkpointed(use_reentrant), StepPlan()
    images = torch.ones(1, 2, requires_grad=True)
    for step in (1., 2.):
        loss = model(images)
        assert plan.can_go_back(loss) != use_reentrant
        if plan.can_go_back(loss):
            loss = take_gradients(loss, model, loss.detach())
        loss.backward()
        torch.testing.assert_close(
            model.layer.weight.grad, torch.full((2, 2), step))


def test_nothing_is_early_without_gradients_or_in_float16(monkeypatch):
    model = nn.Linear(2, 2)
    assert can_go_back_early(model)
    with torch.no_grad():
        assert not can_go_back_early(model)
    with torch.autocast('cpu', torch.bfloat16):
        assert can_go_back_early(model)
    # Older torch has no float16 on a CPU.
    monkeypatch.setattr(early_backward, 'autocast_dtype',
                        lambda device: torch.float16)
    assert not can_go_back_early(model)


def test_a_plan_takes_bools_by_known_names():
    assert StepPlan.from_cfg(dict(joint_trunk=True)).early_backward
    with pytest.raises(ValueError, match='model.step must .*early_'):
        StepPlan.from_cfg(dict(early=True))
    with pytest.raises(ValueError, match='model.step.joint_trunk'):
        StepPlan(joint_trunk='exact')
