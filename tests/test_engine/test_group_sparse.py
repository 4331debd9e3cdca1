"""Group sparsity against autograd and closed forms."""
import pytest
import torch

from mmswap.engine.group_sparse import (
    add_penalty_grad,
    soft_threshold,
    without_gradient,
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


def test_without_gradient(toy_groups):
    reached, zero, none = toy_groups
    reached[1].grad = torch.ones_like(reached[1])
    none[0].grad = torch.zeros_like(none[0])
    assert without_gradient(toy_groups) == [2]
    assert zero[0].grad is None
    # B = 0 with A drawn, no gradient: dead. A = B = 0: dead by construction.
    with torch.no_grad():
        none[1].zero_()
    assert without_gradient(toy_groups) == [2]
    with torch.no_grad():
        none[0].zero_()
    assert without_gradient(toy_groups) == []
