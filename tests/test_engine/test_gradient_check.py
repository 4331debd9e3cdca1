"""A run in which a group cannot learn ends with an error that says why."""
import pytest
import torch
from mmcv.cnn.bricks import DropPath
from mmengine.registry import MODELS
from swap_toy import TOY, make_step, make_swap_cfg, step_loss
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from mmswap.engine import gradient_check
from mmswap.engine.gradient_check import UPDATES


def update(model, wrapper, step):
    wrapper.update_params(step_loss(model, step))


def updates(model, wrapper, number):
    for seed in range(number):
        update(model, wrapper, make_step(seed=seed))


def test_reentrant_checkpointing_over_a_frozen_stem(build_toy, wrap_optim):
    model = build_toy(cp='reentrant')
    wrapper = wrap_optim(model, dict(alpha=.1))
    updates(model, wrapper, UPDATES - 1)
    with pytest.raises(
            RuntimeError,
            match='2 of 2 adapter groups got no gradient .*: layers.0.ffn, '
            'layers.1.ffn. .*layers.0, layers.1.*with_cp=False'):
        updates(model, wrapper, 1)


@pytest.mark.parametrize('cp', ['none', 'new'])
def test_other_checkpointing_learns(build_toy, wrap_optim, cp):
    model = build_toy(cp=cp)
    updates(model, wrap_optim(model, dict(alpha=.1)), UPDATES + 1)
    for group in model.groups.values():
        assert any(b.any() for b in group[1::2])


def test_accumulation_does_not_hide_it(build_toy, wrap_optim):
    model = build_toy(cp='reentrant')
    wrapper = wrap_optim(model, dict(alpha=.1), accumulative_counts=2)
    wrapper.initialize_count_status(model, 0, 2 * UPDATES)
    updates(model, wrapper, 2 * UPDATES - 1)
    with pytest.raises(RuntimeError, match='layers.0.ffn'):
        updates(model, wrapper, 1)


def note_gradients(wrapper, group):
    """Gets for each update whether a group had a gradient."""
    found = []
    wrapper.sparsity.listeners.append(
        lambda: found.append(any(bool(p.grad.any()) for p in group)))
    return found


def test_stochastic_depth_is_no_error(build_toy, wrap_optim):
    """A block that is dropped for all samples of the first updates."""
    model = build_toy()
    model.model.layers[1].ffn.dropout_layer = DropPath(.9)
    wrapper = wrap_optim(model)
    gradients = note_gradients(wrapper, model.groups['layers.1.ffn'])
    torch.manual_seed(2)
    updates(model, wrapper, UPDATES + 1)
    # The first update says nothing, and later ones say otherwise.
    assert not gradients[0] and any(gradients)


def zero_head(new_rows):
    """A toy whose head is zero, as mmpretrain's ViT begins with."""
    torch.manual_seed(1)
    model = MODELS.build(dict(make_swap_cfg(), new_rows=new_rows))
    base = MODELS.build(dict(TOY))
    nn.init.zeros_(base.fc_cls.weight)
    model.load_state_dict(base.state_dict())
    return model.train()


def test_a_head_that_starts_at_zero_is_no_error(wrap_optim):
    model = zero_head('train')
    wrapper = wrap_optim(model)
    gradients = note_gradients(wrapper, model.groups['layers.1.ffn'])
    updates(model, wrapper, UPDATES + 1)
    assert not gradients[0] and all(gradients[1:])


def test_a_head_that_stays_zero_is_named(wrap_optim):
    model = zero_head('frozen')
    with pytest.raises(RuntimeError, match='fc_cls.*model.new_rows'):
        updates(model, wrap_optim(model), UPDATES)


def test_a_block_that_is_cut_off_is_named(build_toy, wrap_optim):
    model = build_toy()
    model.model.layers[0].register_forward_hook(
        lambda module, inputs, output: output.detach())
    with pytest.raises(
            RuntimeError, match='1 of 2 .*: layers.0.ffn.*frozen_stages'):
        updates(model, wrap_optim(model), UPDATES)


@pytest.mark.parametrize('name, grad, fine', [
    ('bbox_head.multi_level_cls_convs.0.0.pointwise_conv', 0., True),
    # Cut off, whatever is shown.
    ('bbox_head.multi_level_cls_convs.0.0.pointwise_conv', None, False),
    ('bbox_head.multi_level_reg_convs.0.0.pointwise_conv', 0., False),
    ('backbone.stage4.1.conv', 0., False),
])
def test_a_level_of_a_head_whose_size_no_object_has(name, grad, fine,
                                                    monkeypatch):
    """Of YOLOX's class loss no gradient comes there: only a warning."""
    groups = {name: [nn.Parameter(torch.ones(2, 2))],
              'other': [nn.Parameter(torch.ones(2, 2))]}
    for (param, ), value in zip(groups.values(), (grad, 1.)):
        param.grad = None if value is None else torch.full((2, 2), value)
    told = []
    monkeypatch.setattr(gradient_check, 'print_log',
                        lambda text, **kwargs: told.append(text))
    check = gradient_check.GradientCheck(nn.Module(), groups)
    for _ in range(UPDATES - 1):
        check()
    if fine:
        check()
        text, = told
        assert text.startswith('1 of 2 adapter groups') and name in text
    else:
        with pytest.raises(RuntimeError, match=f'1 of 2 .*: {name}'):
            check()
        assert not told


class Readings(TorchDispatchMode):
    """Counts what reads a number back from the GPU."""

    count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func in (torch.ops.aten._local_scalar_dense.default,
                               torch.ops.aten.nonzero.default)
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize('mode', ['penalty', 'proximal'])
def test_no_update_waits_for_the_gpu(build_toy, wrap_optim, mode):
    model = build_toy()
    wrapper = wrap_optim(model, dict(alpha=.1, mode=mode))
    for seed in range(3):
        loss = step_loss(model, make_step(seed=seed))
        with Readings() as readings:
            wrapper.update_params(loss)
        assert readings.count == 0


@pytest.mark.parametrize('mode', ['penalty', 'proximal'])
def test_a_group_that_became_zero_is_no_error(build_toy, wrap_optim, mode):
    model = build_toy()
    with torch.no_grad():
        for param in model.groups['layers.0.ffn']:
            param.zero_()
    wrapper = wrap_optim(model, dict(alpha=.1, mode=mode))
    updates(model, wrapper, UPDATES)
    assert not any(p.any() for p in model.groups['layers.0.ffn'])


def test_swin_with_cp_learns(build_swap, read_config, make_batch,
                             wrap_optim):
    """mmdet's Swin checkpoints re-entrantly, but no block whose input needs
    no gradient; so it learns, and the same as without."""
    after = []
    for with_cp in (True, False):
        inner = read_config('mask_rcnn', 'base').model
        inner.backbone.with_cp = with_cp
        model = build_swap('mask_rcnn', model=inner).train()
        block = model.model.backbone.stages[0].blocks[0]
        assert block.with_cp is with_cp
        data = dict(retain=make_batch(1, 1), learn=make_batch(1, 2))
        step = model.data_preprocessor(data, True)
        torch.manual_seed(0)
        update(model, wrap_optim(model, dict(alpha=.01)), step)
        after.append(model.groups)
        for group in model.groups.values():
            assert any(b.any() for b in group[1::2])
    for name, group in after[0].items():
        for one, other in zip(group, after[1][name]):
            torch.testing.assert_close(one, other)
