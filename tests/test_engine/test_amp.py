"""The AMP form: unscale, penalty, clip, step, and skipped steps.

mmengine's AmpOptimWrapper refuses to be built without an accelerator; the
tests let it through and give it torch's CPU gradient scaler.
"""
import pytest
import torch
from mmengine.optim import AmpOptimWrapper
from mmengine.optim.optimizer import amp_optimizer_wrapper
from swap_toy import make_step, step_loss

from mmswap.engine import GroupSparseAmpOptimWrapper
from mmswap.engine.gradient_check import UPDATES

SCALE = 1024.


@pytest.fixture
def amp(monkeypatch, build_toy, wrap_optim):
    """(group_sparse, **config) -> toy and its AMP wrapper on the CPU."""
    if not hasattr(torch, 'amp') or not hasattr(torch.amp, 'GradScaler'):
        pytest.skip('torch below 2.3 has no gradient scaler for CPUs')
    monkeypatch.setattr(amp_optimizer_wrapper, 'is_cuda_available',
                        lambda: True)

    def build(group_sparse, cp='none', **cfg):
        model = build_toy(cp=cp)
        with torch.no_grad():
            torch.manual_seed(4)
            for group in model.groups.values():
                for b in group[1::2]:
                    b.normal_()
        wrapper = wrap_optim(
            model, group_sparse, type='AmpOptimWrapper', **cfg)
        wrapper.loss_scaler = torch.amp.GradScaler('cpu', init_scale=SCALE)
        return model, wrapper

    return build


def trained(model):
    return [p for p in model.parameters() if p.requires_grad]


def test_the_amp_type_gives_the_sparse_amp_form(amp):
    _, wrapper = amp(dict(alpha=.5))
    assert type(wrapper) is GroupSparseAmpOptimWrapper
    assert isinstance(wrapper, AmpOptimWrapper)
    assert (wrapper.sparsity.alpha, wrapper.sparsity.mode) == (.5, 'penalty')


def test_penalty_is_not_scaled_and_clipping_sees_it(amp):
    most = 1e-2
    model, wrapper = amp(
        dict(alpha=.5, mode='penalty'), clip_grad=dict(max_norm=most))
    before = [p.detach().clone() for p in trained(model)]
    loss = step_loss(model, make_step())
    for group in model.groups.values():
        loss = loss + .5 * torch.cat([p.flatten() for p in group]).norm()
    grads = torch.autograd.grad(loss, trained(model))
    size = torch.cat([g.flatten() for g in grads]).norm()
    assert size > most
    wrapper.update_params(step_loss(model, make_step()))
    for param, old, grad in zip(trained(model), before, grads):
        torch.testing.assert_close(
            param.detach(), old - .1 * grad * most / (size + 1e-6))


def test_order(amp, monkeypatch):
    model, wrapper = amp(dict(alpha=.5), clip_grad=dict(max_norm=1.))
    order = []

    def spy(owner, name):
        real = getattr(owner, name)

        def call(*args, **kwargs):
            order.append(name)
            return real(*args, **kwargs)

        monkeypatch.setattr(owner, name, call)

    spy(wrapper.loss_scaler, 'unscale_')
    spy(wrapper.sparsity, 'before_step')
    spy(wrapper, 'clip_func')
    spy(wrapper.optimizer, 'step')
    wrapper.update_params(step_loss(model, make_step()))
    assert order == ['unscale_', 'before_step', 'clip_func', 'step']


def test_proximal_step_after_an_amp_step(amp):
    model, wrapper = amp(dict(alpha=1., mode='proximal'))
    before = {id(p): p.detach().clone() for p in trained(model)}
    loss = step_loss(model, make_step())
    grads = {
        id(p): g
        for p, g in zip(trained(model),
                        torch.autograd.grad(loss, trained(model)))
    }
    wrapper.update_params(step_loss(model, make_step()))
    for group in model.groups.values():
        stepped = [before[id(p)] - .1 * grads[id(p)] for p in group]
        size = torch.cat([t.flatten() for t in stepped]).norm()
        for param, value in zip(group, stepped):
            torch.testing.assert_close(
                param.detach(), max(0., 1 - .1 / float(size)) * value)


@pytest.mark.parametrize('mode', ['penalty', 'proximal'])
def test_a_skipped_step_changes_nothing(amp, mode):
    model, wrapper = amp(dict(alpha=1., mode=mode))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    wrapper.update_params(step_loss(model, make_step()) * float('inf'))
    after = model.state_dict()
    assert not [k for k in before if not torch.equal(after[k], before[k])]
    assert wrapper.loss_scaler.get_scale() < SCALE
    wrapper.update_params(step_loss(model, make_step()))
    after = model.state_dict()
    assert [k for k in before if not torch.equal(after[k], before[k])]


@pytest.mark.parametrize('cp', ['none', 'reentrant'])
def test_the_gradient_check_bears_skipped_steps(amp, cp):
    model, wrapper = amp(dict(alpha=.1), cp=cp)

    def updates():
        for update in range(UPDATES):
            overflow = float('inf') if update < 5 else 1.
            wrapper.update_params(
                step_loss(model, make_step(seed=update)) * overflow)

    if cp == 'none':
        updates()
    else:
        with pytest.raises(RuntimeError, match='layers.0.ffn.*with_cp'):
            updates()
