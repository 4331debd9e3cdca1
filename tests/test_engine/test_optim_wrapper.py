"""One update of the optim wrapper, against the same update by hand."""
import pytest
import torch
from mmengine.logging import MessageHub
from swap_toy import make_step, step_loss

ALPHA, LR = .5, .1


def penalty(model):
    total = 0.
    for group in model.groups.values():
        total = total + torch.cat([p.flatten() for p in group]).norm()
    return ALPHA * total


def trained(model):
    return {k: p for k, p in model.named_parameters() if p.requires_grad}


def gradients(model, loss):
    params = trained(model)
    grads = torch.autograd.grad(loss, list(params.values()))
    found = dict(zip(params, grads))
    return {key: grad for key, grad in found.items()}


def warm(model):
    """The toy with every B non-zero: then A's gradient is not zero."""
    torch.manual_seed(4)
    with torch.no_grad():
        for group in model.groups.values():
            for b in group[1::2]:
                b.normal_()
    return model


def old_values(model):
    return {key: p.detach().clone() for key, p in trained(model).items()}


def check_sgd(model, before, grads, rate=LR):
    for key, param in trained(model).items():
        torch.testing.assert_close(param.detach(), before[key] -
                                   rate * grads[key])


def test_penalty_step(build_toy, wrap_optim):
    model = warm(build_toy())
    wrapper = wrap_optim(model, dict(alpha=ALPHA, mode='penalty'))
    before = old_values(model)
    grads = gradients(model, step_loss(model, make_step()) + penalty(model))
    wrapper.update_params(step_loss(model, make_step()))
    check_sgd(model, before, grads)


def test_penalty_is_added_once_an_update(build_toy, wrap_optim):
    """However many batches accumulate: their mean, and one penalty."""
    model = warm(build_toy())
    wrapper = wrap_optim(
        model, dict(alpha=ALPHA, mode='penalty'), accumulative_counts=3)
    wrapper.initialize_count_status(model, 0, 6)
    before = old_values(model)
    loss = sum(step_loss(model, make_step(seed=s)) for s in range(3)) / 3
    grads = gradients(model, loss + penalty(model))
    for seed in range(2):
        wrapper.update_params(step_loss(model, make_step(seed=seed)))
        assert all(torch.equal(p, before[k])
                   for k, p in trained(model).items())
    wrapper.update_params(step_loss(model, make_step(seed=2)))
    check_sgd(model, before, grads)


def test_clipping_sees_the_penalty(build_toy, wrap_optim):
    model = warm(build_toy())
    most = 1e-2
    wrapper = wrap_optim(
        model, dict(alpha=ALPHA, mode='penalty'),
        clip_grad=dict(max_norm=most))
    before = old_values(model)
    grads = gradients(model, step_loss(model, make_step()) + penalty(model))
    size = torch.cat([g.flatten() for g in grads.values()]).norm()
    assert size > most
    clipped = {key: g * most / (size + 1e-6) for key, g in grads.items()}
    wrapper.update_params(step_loss(model, make_step()))
    check_sgd(model, before, clipped)


def test_proximal_step(build_toy, wrap_optim):
    """SGD on the task loss alone, then the closed form for each group."""
    model = warm(build_toy())
    names = list(model.groups)
    with torch.no_grad():  # One group so small that it must vanish.
        for param in model.groups[names[0]]:
            param.mul_(1e-4)
    wrapper = wrap_optim(model, dict(alpha=2., mode='proximal'))
    before = old_values(model)
    grads = gradients(model, step_loss(model, make_step()))
    wrapper.update_params(step_loss(model, make_step()))
    keys = {id(p): key for key, p in trained(model).items()}
    sizes = []
    for group in model.groups.values():
        stepped = [before[keys[id(p)]] - LR * grads[keys[id(p)]]
                   for p in group]
        size = torch.cat([t.flatten() for t in stepped]).norm()
        factor = max(0., 1 - LR * 2. / float(size))
        for param, value in zip(group, stepped):
            torch.testing.assert_close(param.detach(), factor * value)
        sizes.append(factor)
    assert sizes[0] == 0 < sizes[1]
    assert not any(p.any() for p in model.groups[names[0]])
    for key, (param, _) in model.class_params().items():
        key = f'model.{key}'
        torch.testing.assert_close(
            param.detach(), before[key] - LR * grads[key])


def test_proximal_uses_the_group_s_learning_rate(build_toy, wrap_optim):
    model = warm(build_toy())
    wrapper = wrap_optim(
        model,
        dict(alpha=1., mode='proximal'),
        paramwise_cfg=dict(custom_keys={'model.layers.0': dict(lr_mult=.1)}))
    sizes = [torch.cat([p.detach().flatten() for p in group]).norm()
             for group in model.groups.values()]
    wrapper.sparsity.after_step(wrapper.optimizer)
    after = [torch.cat([p.detach().flatten() for p in group]).norm()
             for group in model.groups.values()]
    assert float(sizes[0] - after[0]) == pytest.approx(.1 * LR, rel=1e-3)
    assert float(sizes[1] - after[1]) == pytest.approx(LR, rel=1e-3)


@pytest.mark.parametrize('mode', ['penalty', 'proximal'])
def test_alpha_zero_is_the_plain_wrapper(build_toy, wrap_optim, mode):
    model = warm(build_toy())
    wrapper = wrap_optim(model, dict(alpha=0, mode=mode))
    before = old_values(model)
    grads = gradients(model, step_loss(model, make_step()))
    wrapper.update_params(step_loss(model, make_step()))
    check_sgd(model, before, grads)


@pytest.mark.parametrize('mode', ['penalty', 'proximal'])
def test_frozen_weights_and_old_rows_never_change(build_toy, wrap_optim,
                                                  mode):
    """With AdamW's decay and momentum, over several steps."""
    model = build_toy()
    wrapper = wrap_optim(
        model,
        dict(alpha=.01, mode=mode),
        optimizer=dict(type='AdamW', lr=.05, weight_decay=.3))
    before = {k: v.clone() for k, v in model.state_dict().items()}
    base = {k: v.clone() for k, v in model.base_state_dict().items()}
    for seed in range(5):
        wrapper.update_params(step_loss(model, make_step(seed=seed)))
    after = model.state_dict()
    for key, value in model.base_state_dict().items():
        assert torch.equal(value, base[key]), key
    assert 'bn.running_mean' in base
    moved = {key for key in after if not torch.equal(after[key], before[key])}
    rows = {f'model.{key}' for key in model.class_rows}
    assert len(rows) == 2
    assert moved == rows | {key for key in after if '.lora_' in key}


def grouped(model, grouping):
    """The matrices of each group, put together by their names alone."""
    groups = {}
    for key, param in model.named_parameters():
        if '.lora_' in key:
            layer = key.partition('.lora_')[0]
            group = dict(
                block=layer.partition('.ffn.')[0], lora=layer,
                matrix=key)[grouping]
            groups.setdefault(group, []).append(param)
    return groups


@pytest.mark.parametrize('grouping, count', [
    ('block', 2), ('lora', 4), ('matrix', 8)])
def test_grouping(build_toy, wrap_optim, grouping, count):
    """Two FFNs of two layers of two matrices; the gradient is autograd's."""
    model = warm(build_toy())
    wrapper = wrap_optim(
        model, dict(alpha=ALPHA, mode='penalty', grouping=grouping))
    groups = grouped(model, grouping)
    assert len(groups) == count
    total = sum(torch.cat([p.flatten() for p in group]).norm()
                for group in groups.values())
    before = old_values(model)
    grads = gradients(model, step_loss(model, make_step()) + ALPHA * total)
    wrapper.update_params(step_loss(model, make_step()))
    check_sgd(model, before, grads)


def test_single_matrices_may_begin_without_a_gradient(build_toy, wrap_optim):
    """A has none while B is zero, which is no broken step."""
    model = build_toy()
    wrapper = wrap_optim(
        model, dict(alpha=ALPHA, mode='penalty', grouping='matrix'))
    wrapper.update_params(step_loss(model, make_step()))


@pytest.mark.parametrize('mode', ['penalty', 'proximal'])
def test_sparsity_starts_when_it_should(build_toy, wrap_optim, mode):
    """Before ``start`` steps are plain; from then on they are sparse."""
    hub = MessageHub.get_current_instance()

    def step(at, **sparse):
        model = warm(build_toy())
        hub.update_info('iter', at)
        wrapper = wrap_optim(model, dict(alpha=ALPHA, mode=mode, **sparse))
        wrapper.update_params(step_loss(model, make_step()))
        return old_values(model)

    def alike(one, other):
        return all(torch.equal(one[key], other[key]) for key in one)

    plain = step(0, start=5)
    model = warm(build_toy())
    wrap_optim(model).update_params(step_loss(model, make_step()))
    assert alike(plain, old_values(model))
    assert alike(step(4, start=5), plain)
    sparse = step(5, start=5)
    assert not alike(sparse, plain)
    assert alike(sparse, step(0))
