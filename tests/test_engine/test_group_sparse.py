"""Group sparsity against autograd and closed forms."""
import math

import pytest
import torch

from mmswap.engine.group_sparse import (
    add_penalty_grad,
    has_gradient,
    soft_threshold,
    steps_to_zero,
)
from mmswap.models.adapters.groups import stacked_norms


def norm(group):
    return torch.cat([p.flatten() for p in group]).norm()


def test_norms(toy_groups):
    wanted = torch.stack([norm(group) for group in toy_groups])
    torch.testing.assert_close(stacked_norms(toy_groups), wanted.detach())
    assert wanted[1] == 0


def test_penalty_gradient_is_autograds(toy_groups):
    alpha = .3
    torch.autograd.backward(
        sum(alpha * norm(group) for group in toy_groups if norm(group) > 0))
    wanted = [[p.grad for p in group] for group in toy_groups]
    assert wanted[1] == [None, None]
    for group in toy_groups:
        for param in group:
            param.grad = None
    add_penalty_grad(toy_groups, alpha)
    for i in (0, 2):
        for param, grad in zip(toy_groups[i], wanted[i]):
            torch.testing.assert_close(param.grad, grad)


def test_penalty_is_added_to_the_gradient_that_is_there(toy_groups):
    params = toy_groups[0]
    task = [torch.randn_like(p) for p in params]
    for param, grad in zip(params, task):
        param.grad = grad.clone()
    add_penalty_grad(toy_groups, 2.)
    size = norm(params).detach()
    for param, grad in zip(params, task):
        torch.testing.assert_close(param.grad, grad + 2. * param / size)


def test_a_zero_group_gets_zero_and_no_nan(toy_groups):
    add_penalty_grad(toy_groups, .3)
    for param in toy_groups[1]:
        assert torch.equal(param.grad, torch.zeros_like(param))


def test_soft_threshold_is_its_closed_form(toy_groups):
    small, large = toy_groups[0], toy_groups[2]
    with torch.no_grad():
        size = norm(small)
        for param in small:
            param.mul_(.5 / size)
        threshold = .6
        before = [p.clone() for p in large]
        size = norm(large)
    assert norm(small) < threshold < size
    soft_threshold(toy_groups, threshold)
    for param in [*small, *toy_groups[1]]:
        assert torch.equal(param, torch.zeros_like(param))
    for param, old in zip(large, before):
        torch.testing.assert_close(
            param.detach(), (1 - threshold / size) * old)
    assert float(norm(large)) == pytest.approx(float(size) - threshold)


def test_soft_threshold_minimises_its_objective(toy_groups):
    """argmin over z of |z - g|^2 / 2 + t * |z|: no neighbour is better."""
    group, threshold = toy_groups[0], .4
    old = torch.cat([p.detach().flatten() for p in group])
    soft_threshold([group], threshold)
    best = torch.cat([p.detach().flatten() for p in group])

    def cost(z):
        return ((z - old)**2).sum() / 2 + threshold * z.norm()

    for _ in range(200):
        assert cost(best) <= cost(best + .05 * torch.randn_like(best))


def test_has_gradient(toy_groups):
    reached, none, zero = toy_groups
    reached[1].grad = torch.zeros_like(reached[1])
    reached[1].grad[-1, -1] = 1e-20
    zero[0].grad = torch.zeros_like(zero[0])
    assert has_gradient(toy_groups).tolist() == [True, False, False]
    zero[0].grad[0, 0] = float('nan')
    assert has_gradient(toy_groups).tolist() == [True, False, True]
    assert none[0].grad is None


def test_steps_to_zero_are_counted_by_doing_them(toy_groups):
    """Soft-thresholds alone, a learning rate for each group."""
    alpha, rates = .3, [.1, .2, .4]
    steps = steps_to_zero(
        stacked_norms(toy_groups), alpha, torch.tensor(rates))
    assert steps[1] == 0
    for group, rate, wanted in zip(toy_groups, rates, steps.tolist()):
        count = 0
        while norm(group) > 1e-6:
            soft_threshold([group], alpha * rate)
            count += 1
        assert count == math.ceil(wanted)
    far = steps_to_zero(torch.tensor([1., 0.]), alpha, torch.zeros(2))
    assert far.tolist() == [float('inf'), 0.]
