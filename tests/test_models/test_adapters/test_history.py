"""Adapters of earlier phases are folded in, kept, and taken out again."""
import copy

import pytest
import torch
from mmengine.runner import load_checkpoint
from torch import nn

import mmswap
from mmswap.models.adapters.history import Folded


def named(build_swap, phase, name, **adapter):
    return build_swap(
        'mask_rcnn', phase, load=False,
        adapter=dict(name=name, rank=4, alpha=8, targets=['ffn', 'fc'],
                     **adapter))


@pytest.fixture
def load(tmp_path):
    """(model, state dict) -> the model with it, as ``load_from`` would."""

    def run(model, state):
        file = tmp_path / 'checkpoint.pth'
        torch.save(dict(state_dict=state), file)
        load_checkpoint(model, str(file), map_location='cpu')
        return model

    return run


@pytest.fixture
def requests(build_swap, base_state, randomise_adapter, load):
    """Three phases, each with a trained adapter of its own, and their input.

    The last one is live, the other two are folded.
    """
    first = named(build_swap, 'learn', 'one')
    first.load_state_dict(base_state('mask_rcnn'))
    randomise_adapter(first)
    second = load(named(build_swap, 'forget', 'two'), first.state_dict())
    randomise_adapter(second, .03)
    third = load(named(build_swap, 'forget', 'three'), second.state_dict())
    return first, second, third


def weights(model):
    return {
        key.replace('.base_layer.', '.'): value.clone()
        for key, value in model.model.state_dict().items()
        if '.lora_' not in key
    }


@pytest.mark.parametrize('layer', [
    nn.Linear(5, 7), nn.Conv2d(5, 7, 3, padding=1), nn.Conv2d(5, 7, 1)])
def test_delta_is_what_peft_merges(layer, randomise_adapter):
    model = nn.Sequential(layer).requires_grad_(False)
    before = layer.weight.clone()
    mmswap.apply_adapter(model, rank=2, alpha=6, targets='0')
    randomise_adapter(model, 1.)
    down, up = [p.detach().clone() for key, p in model.named_parameters()
                if 'lora_' in key]
    wanted = mmswap.merge_adapter(model)[0].weight - before
    torch.testing.assert_close(Folded(down, 3. * up).delta(before), wanted)


def test_an_earlier_adapter_is_folded_in(requests):
    """Each phase begins with what peft merges of the one before it."""
    first, second, third = requests
    assert [m.history.names for m in requests] == [
        [], ['one'], ['one', 'two']]
    assert len(second.groups) == len(first.groups) == 9
    for earlier, later in ((first, second), (second, third)):
        wanted = mmswap.merge_adapter(copy.deepcopy(earlier)).state_dict()
        got = weights(later)
        assert list(got) == list(wanted)
        for key in wanted:
            torch.testing.assert_close(
                got[key], wanted[key], rtol=0, atol=1e-6)
    for params in third.groups.values():
        assert not any(up.any() for up in params[1::2])


def test_history_survives_a_checkpoint_and_goes_on(requests, build_swap,
                                                   load, assert_same_bits):
    third = requests[2]
    again = load(named(build_swap, 'forget', 'three'), third.state_dict())
    assert again.history.names == ['one', 'two']
    assert_same_bits(dict(again.model.state_dict()),
                     dict(third.model.state_dict()))
    for name in ('one', 'two'):
        for layer, folded in third.history.layers(name).items():
            other = again.history.layers(name)[layer]
            assert torch.equal(folded.down, other.down)
            assert torch.equal(folded.up, other.up)


def test_undoing_one_request_leaves_the_others(requests, base_state):
    first, second, third = requests
    base = base_state('mask_rcnn')
    with_both = weights(third)
    deltas = {
        name: {f'{layer}.weight': folded.delta(base[f'{layer}.weight'])
               for layer, folded in third.history.layers(name).items()}
        for name in ('one', 'two')
    }
    changed = [key for key in base
               if not torch.equal(base[key], with_both[key])
               and key not in third.class_rows]
    assert set(changed) == set(deltas['one']) == set(deltas['two'])
    third.undo('one')
    assert third.history.names == ['two']
    for key, value in weights(third).items():
        if not value.is_floating_point():
            continue
        wanted = with_both[key] - deltas['one'].get(key, 0.)
        torch.testing.assert_close(value, wanted, rtol=0, atol=1e-6)
        if key in deltas['two']:
            torch.testing.assert_close(
                value, base[key] + deltas['two'][key], rtol=0, atol=1e-6)
    with pytest.raises(KeyError, match="must be one of .'two'., got 'one'"):
        third.undo('one')


def test_the_base_is_found_again_below_the_history(requests, base_state):
    base = base_state('mask_rcnn')
    for key, value in requests[2].base_state_dict().items():
        torch.testing.assert_close(value, base[key], rtol=0, atol=1e-6)


def test_groups_that_change_nothing_are_not_kept(build_swap, base_state,
                                                 randomise_adapter, load):
    first = named(build_swap, 'learn', 'one')
    first.load_state_dict(base_state('mask_rcnn'))
    randomise_adapter(first)
    zeroed = 'backbone.stages.0.blocks.0.ffn'
    with torch.no_grad():
        for param in first.groups[zeroed]:
            param.zero_()
    second = load(named(build_swap, 'forget', 'two'), first.state_dict())
    kept = second.history.layers('one')
    assert len(kept) == 2 * 9 - 2
    assert not [layer for layer in kept if layer.startswith(zeroed)]


def test_a_used_name_is_refused(requests, build_swap, load):
    with pytest.raises(RuntimeError, match="name must be new, .*'three' .*"
                       "'one' already"):
        load(named(build_swap, 'forget', 'one'), requests[2].state_dict())


def test_another_rank_starts_afresh(requests, build_swap, load):
    model = load(
        build_swap('mask_rcnn', 'forget', load=False, adapter=dict(
            name='wide', rank=16, alpha=16)), requests[2].state_dict())
    assert model.history.names == ['one', 'two']
    assert len(model.groups) == 8 + 1  # FFNs, and the RoI head's layers.


@pytest.mark.parametrize('name', ['', 'a.b'])
def test_a_name_with_a_dot_is_refused(name):
    with pytest.raises(ValueError, match='adapter.name must be a name with'):
        mmswap.apply_adapter(
            nn.Sequential(nn.Linear(2, 2)), targets='0', name=name)
