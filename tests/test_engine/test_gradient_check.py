"""A step that cannot learn is an error that says why."""
import pytest
import torch
from swap_toy import make_step, step_loss


def first_step(model, wrapper, step):
    wrapper.update_params(step_loss(model, step))


def test_reentrant_checkpointing_over_a_frozen_stem(build_toy, wrap_optim):
    model = build_toy(cp='reentrant')
    before = {k: v.clone() for k, v in model.state_dict().items()}
    with pytest.raises(
            RuntimeError,
            match='2 of 2 adapter groups got no gradient .*: layers.0.ffn, '
            'layers.1.ffn. .*with_cp=True.*use_reentrant=False'):
        first_step(model, wrap_optim(model, dict(alpha=.1)), make_step())
    after = model.state_dict()
    assert not [k for k in before if not torch.equal(after[k], before[k])]


@pytest.mark.parametrize('cp', ['none', 'new'])
def test_other_checkpointing_learns(build_toy, wrap_optim, cp):
    model = build_toy(cp=cp)
    first_step(model, wrap_optim(model, dict(alpha=.1)), make_step())
    for group in model.groups.values():
        assert any(b.any() for b in group[1::2])


def test_accumulation_does_not_hide_it(build_toy, wrap_optim):
    model = build_toy(cp='reentrant')
    wrapper = wrap_optim(model, dict(alpha=.1), accumulative_counts=2)
    wrapper.initialize_count_status(model, 0, 4)
    first_step(model, wrapper, make_step())
    with pytest.raises(RuntimeError, match='got no gradient'):
        first_step(model, wrapper, make_step())


@pytest.mark.parametrize('mode', ['penalty', 'proximal'])
def test_a_group_that_became_zero_is_no_error(build_toy, wrap_optim, mode):
    model = build_toy()
    with torch.no_grad():
        for param in model.groups['layers.0.ffn']:
            param.zero_()
    wrapper = wrap_optim(model, dict(alpha=.1, mode=mode))
    first_step(model, wrapper, make_step())
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
        first_step(model, wrap_optim(model, dict(alpha=.01)), step)
        after.append(model.groups)
        for group in model.groups.values():
            assert any(b.any() for b in group[1::2])
    for name, group in after[0].items():
        for one, other in zip(group, after[1][name]):
            torch.testing.assert_close(one, other)
