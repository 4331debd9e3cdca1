"""The teacher is the model as its phase began, and stays it."""
import pytest
import torch
from mmengine.registry import MODELS, DefaultScope
from toy_classifier import make_cfg, make_model, make_step, move, step_loss

from mmswap.models.outputs.phase_buffers import PhaseBuffers

LWF = dict(type='mmswap.LwFObjective')


@pytest.fixture(autouse=True)
def _scope():
    with DefaultScope.overwrite_default_scope('mmengine'):
        yield


def teacher_outputs(model, batch):
    return model.objective.teacher.observe(
        model.model, batch, model.objective.plan).logits


@pytest.mark.parametrize('trains', ['all', 'adapter'])
def test_the_teacher_does_not_move(trains):
    model = make_model(LWF, trains=trains, drop=.5)
    batch = make_step()['retain']
    plain = model.model.eval()(batch['inputs'])
    model.train()
    before = {k: v.clone() for k, v in model.model.state_dict().items()}
    wanted = teacher_outputs(model, batch)
    torch.testing.assert_close(wanted, plain)
    modes = [module.training for module in model.modules()]
    move(model)
    for seed in range(3):  # The running statistics move too.
        model(**make_step(seed=seed), mode='loss')
    after = model.model.state_dict()
    assert any(not torch.equal(after[key], before[key]) for key in after)
    said = teacher_outputs(model, batch)
    assert torch.equal(said, wanted) and not said.requires_grad
    assert [module.training for module in model.modules()] == modes


def test_the_teacher_is_no_parameter_and_has_what_trains_only():
    model = make_model(LWF, trains='adapter')
    step_loss(model, make_step()).backward()
    assert not list(model.objective.parameters())
    kept = model.objective.teacher.weights.tensors
    statistics = {key for key in kept if key.startswith('bn.')}
    trained = {k for k, p in model.model.named_parameters()
               if p.requires_grad}
    assert set(kept) - statistics == trained
    assert all('.lora_' in key for key in trained)
    assert len(statistics) == 3


@pytest.mark.parametrize('trains', ['all', 'adapter'])
def test_a_resumed_phase_has_the_teacher_that_it_began_with(
        trains, assert_same_bits):
    model = make_model(LWF, trains=trains)
    batch = make_step()['retain']
    wanted = teacher_outputs(model, batch)
    move(model)
    state = {k: v.clone() for k, v in model.state_dict().items()}

    # A phase that goes on.
    resumed = MODELS.build(make_cfg(LWF, trains=trains)).train()
    resumed.load_state_dict(state)
    resumed.resume_phase()
    assert_same_bits(resumed.objective.teacher.weights.tensors,
                     model.objective.teacher.weights.tensors)
    assert torch.equal(teacher_outputs(resumed, batch), wanted)

    # The next phase, from the same file: its teacher is where it begins.
    later = MODELS.build(make_cfg(LWF, trains=trains)).train()
    later.load_state_dict(state)
    later.start_phase()
    said = teacher_outputs(later, batch)
    torch.testing.assert_close(said, later.model.eval()(batch['inputs']))
    assert not torch.allclose(said, wanted, atol=.1)


def test_an_adapter_of_its_own_leaves_the_last_phases_teacher_behind():
    cfg = make_cfg(LWF, trains='adapter')
    first = make_model(LWF, trains='adapter')
    batch = make_step()['retain']
    teacher_outputs(first, batch)
    move(first)
    step_loss(first, make_step())
    again = MODELS.build(cfg)
    again.load_state_dict(first.state_dict())  # A second, B of which is not 0.
    teacher_outputs(again, batch)
    again.objective.teacher.weights.keep(
        dict(again.model.named_parameters()))
    other = MODELS.build(dict(cfg, adapter=dict(rank=2, name='second')))
    other.load_state_dict(again.state_dict())
    assert not other.objective.teacher.weights.tensors
    assert other.history.names == ['default']


def test_phase_buffers_are_ready_while_something_is_kept():
    first = PhaseBuffers()
    assert not first.ready
    first.keep(dict(a=torch.ones(2)))
    assert first.ready
    assert not PhaseBuffers().ready
    first.clear()
    assert not first.ready and not first.state_dict()


def test_bf16_autocast_reaches_every_weight():
    """torch caches casts; those of a pass without gradient must not serve."""
    for trains in ('all', 'adapter'):
        model = make_model(LWF, trains=trains)
        plain = step_loss(model, make_step())
        with torch.autocast('cpu', dtype=torch.bfloat16):
            torch.manual_seed(0)
            loss = step_loss(model, make_step())
        loss.backward()
        assert loss.dtype == torch.float32 and loss.isfinite() and plain > 0
        assert all(p.grad is not None and p.grad.isfinite().all()
                   for p in model.parameters() if p.requires_grad)
