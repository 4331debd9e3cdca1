"""LoRA-FA: with ``adapter.train_a=False`` B alone trains."""
import pytest
import torch
from mmengine.registry import MODELS
from swap_toy import CLASSES, TOY, make_step, make_swap_cfg, step_loss

from mmswap.engine.gradient_check import UPDATES
from mmswap.models.adapters.groups import lora_layers, lora_weights

ALPHA, LR = .5, .1


def build(**changes):
    torch.manual_seed(1)
    base = MODELS.build(dict(TOY, **changes))
    cfg = make_swap_cfg(CLASSES, **changes)
    cfg['adapter'].update(train_a=False)
    model = MODELS.build(cfg)
    model.load_state_dict(base.state_dict())
    return model.train()


def matrices(model):
    pairs = [lora_weights(layer, 'default')
             for _, layer in lora_layers(model.model)]
    return [down for down, _ in pairs], [up for _, up in pairs]


@pytest.mark.parametrize('grouping', ['block', 'lora', 'matrix'])
def test_an_update_of_b_by_hand(wrap_optim, grouping):
    model = build()
    downs, ups = matrices(model)
    with torch.no_grad():
        for up in ups:
            up.normal_()
    step = make_step()
    grads = torch.autograd.grad(step_loss(model, step), ups)
    before = [each.detach().clone() for each in downs + ups]
    # Two layers a block; A is in no group.
    size = 2 if grouping == 'block' else 1
    norms = [torch.cat([up.flatten() for up in ups[i:i + size]]).norm()
             for i in range(0, len(ups), size) for _ in range(size)]
    wanted = [up - LR * (grad + ALPHA * up / norm) for up, grad, norm in
              zip(before[len(downs):], grads, norms)]
    wrapper = wrap_optim(model, dict(alpha=ALPHA, grouping=grouping),
                         optimizer=dict(type='SGD', lr=LR))
    assert not {id(p) for p in downs} & {
        id(p) for each in wrapper.param_groups for p in each['params']}
    wrapper.update_params(step_loss(model, step))
    for found, now in zip(ups, wanted):
        torch.testing.assert_close(found.detach(), now)
    assert all(map(torch.equal, downs, before))


def test_it_stays_frozen_when_training_begins_again(wrap_optim):
    model = build()
    downs, ups = matrices(model.eval().train())
    assert not any(down.requires_grad for down in downs)
    assert all(up.requires_grad for up in ups)


def test_groups_become_zero_and_are_told_so(wrap_optim):
    """By the soft-threshold; A is what it was."""
    model = build()
    downs, ups = matrices(model)
    before = [down.detach().clone() for down in downs]
    wrapper = wrap_optim(model, dict(alpha=100., mode='proximal'))
    for seed in range(3):
        wrapper.update_params(step_loss(model, make_step(seed=seed)))
    assert not any(up.any() for up in ups)
    assert not any(p.any() for group in model.groups.values() for p in group)
    assert not model.changed_groups
    assert all(map(torch.equal, downs, before))


def test_a_group_without_gradient_is_still_an_error(wrap_optim):
    model = build(cp='reentrant')
    wrapper = wrap_optim(model, dict(alpha=.1))
    with pytest.raises(RuntimeError, match='2 of 2 adapter groups got no'):
        for seed in range(UPDATES):
            wrapper.update_params(step_loss(model, make_step(seed=seed)))
