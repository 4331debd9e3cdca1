"""Groups that group sparsity made zero train again in the next phase."""
import pytest
import torch
from toy_classifier import make_model
from two_ranks import run_on_two_ranks

from mmswap.models.adapters.fresh import redraw_dead_groups
from mmswap.models.adapters.groups import zero_layers

DEAD = 'backbone.stages.1.blocks.0.ffn'
PART = 'backbone.stages.2.blocks.1.ffn'


@pytest.fixture
def model(build_swap, randomise_adapter):
    """A dead group, and one with a dead layer."""
    model = randomise_adapter(build_swap('mask_rcnn'))
    with torch.no_grad():
        for param in model.groups[DEAD] + model.groups[PART][:2]:
            param.zero_()
    return model


def gradients(model, make_batch):
    """Whether a gradient reaches each layer's A or B."""
    data = dict(retain=make_batch(), learn=make_batch())
    losses = model.train()(**model.data_preprocessor(data, True), mode='loss')
    model.zero_grad()
    model.parse_losses(losses)[0].backward()
    return {
        name: [any(p.grad is not None and bool(p.grad.any())
                   for p in params[i:i + 2]) for i in (0, 2)]
        for name, params in model.groups.items()
    }


def test_every_layer_gets_a_gradient(model, make_batch):
    before = gradients(model, make_batch)
    assert before.pop(DEAD) == [False, False]
    assert before.pop(PART) == [False, True]
    assert all(both == [True, True] for both in before.values())
    model.start_phase()
    after = gradients(model, make_batch)
    assert all(both == [True, True] for both in after.values())


def test_no_output_and_no_living_layer_changes(model, predict,
                                               assert_same_bits):
    before = {k: v.clone() for k, v in model.state_dict().items()}
    outputs = predict(model)
    model.start_phase()
    assert_same_bits(predict(model), outputs)
    changed = {
        key for key, value in model.state_dict().items()
        if not torch.equal(value, before[key])
    }
    assert changed == {
        f'model.{path}.lora_A.default.weight' for path in (
            f'{DEAD}.layers.0.0', f'{DEAD}.layers.1', f'{PART}.layers.0.0')
    }


def test_it_says_which(model, monkeypatch):
    said = []
    monkeypatch.setattr('mmswap.models.adapters.fresh.print_log',
                        lambda message, logger: said.append(message))
    assert redraw_dead_groups(model.model) == [DEAD, PART]
    assert len(said) == 1 and DEAD in said[0] and PART in said[0]
    assert zero_layers(model.model) == []
    assert redraw_dead_groups(model.model) == []
    assert len(said) == 1


def test_a_fresh_adapter_is_left_alone(build_swap, assert_same_bits):
    """B is zero, A is not."""
    model = build_swap('mask_rcnn')
    before = {k: v.clone() for k, v in model.state_dict().items()}
    model.start_phase()
    assert_same_bits(model.state_dict(), before)


def start_after_another_draw(rank, world):
    """The adapter of a phase that begins with all groups dead."""
    model = make_model(dict(type='mmswap.ForgetObjective'), trains='adapter')
    with torch.no_grad():
        for params in model.groups.values():
            for param in params:
                param.zero_()
    torch.manual_seed(rank)
    model.start_phase()
    return {
        name: [param.detach() for param in params]
        for name, params in model.groups.items()
    }


@pytest.mark.slow
def test_two_processes_draw_the_same(tmp_path):
    first, second = run_on_two_ranks(start_after_another_draw, tmp_path)
    for name, params in first.items():
        assert all(param.any() for param in params[::2])
        assert all(map(torch.equal, params, second[name]))
