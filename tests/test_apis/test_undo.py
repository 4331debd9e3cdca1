"""Undo takes one adapter out of a checkpoint, and says so if it did not."""
import pytest
import torch

from mmswap.apis.undo import check_undone, undo_request
from mmswap.models import SwapModel

ADAPTER = dict(rank=4, alpha=8, targets=['ffn', 'fc'])


@pytest.fixture
def last(tmp_path, build_swap, base_state, randomise_adapter):
    """A checkpoint after three requests: one and two folded, three live."""
    state = base_state('mask_rcnn')
    for name in ('one', 'two', 'three'):
        model = build_swap('mask_rcnn', 'forget', load=False,
                           adapter=dict(ADAPTER, name=name))
        model.load_state_dict(state)
        state = randomise_adapter(model).state_dict()
    torch.save(dict(state_dict=state), tmp_path / 'last.pth')
    return tmp_path / 'last.pth'


@pytest.fixture
def cfg(read_config):
    cfg = read_config('mask_rcnn', 'forget')
    cfg.model.adapter = dict(ADAPTER, name='undo')
    return cfg


def test_what_is_left_is_what_was_there(last, cfg, tmp_path):
    undo_request(cfg, last, 'two', tmp_path / 'sub' / 'undone.pth')
    before = torch.load(last)['state_dict']
    after = torch.load(tmp_path / 'sub' / 'undone.pth')['state_dict']
    adapters = {key.split('.')[1] for key in after if 'history.' in key}
    assert adapters == {'one', 'three'}
    changed = 0
    for key, value in before.items():
        if key.startswith('history.one.') or key.endswith('bias'):
            assert torch.equal(after[key], value)
        if not key.endswith('.base_layer.weight'):
            continue
        layer = key[len('model.'):-len('.base_layer.weight')]
        two = before[f'history.two.{layer}.lora_B'] @ before[
            f'history.two.{layer}.lora_A']
        three = 2 * before[f'model.{layer}.lora_B.three.weight'] @ before[
            f'model.{layer}.lora_A.three.weight']
        torch.testing.assert_close(
            after[key], value - two.view_as(value) + three.view_as(value),
            rtol=0, atol=1e-5)
        changed += 1
    assert changed > 5


def test_an_adapter_that_is_not_there(last, cfg, tmp_path):
    with pytest.raises(KeyError, match="'four'"):
        undo_request(cfg, last, 'four', tmp_path / 'undone.pth')
    assert not (tmp_path / 'undone.pth').exists()


def _two_adapters(model, name):
    undo(model, name)
    undo(model, 'one')


def _another_weight(model, name):
    undo(model, name)
    with torch.no_grad():
        next(iter(model.model.parameters())).add_(1e-3)


def _only_in_name(model, name):
    model.history.drop(name)


def _half_of_it(model, name):
    before = {k: v.clone() for k, v in model.model.state_dict().items()}
    undo(model, name)
    for key, value in model.model.state_dict().items():
        if value.is_floating_point():
            value.lerp_(before[key], .5)


undo = SwapModel.undo


@pytest.mark.parametrize('wrong', [
    _two_adapters, _another_weight, _only_in_name, _half_of_it])
def test_whatever_else_changes_is_an_error(
        last, cfg, tmp_path, monkeypatch, wrong):
    monkeypatch.setattr(SwapModel, 'undo', wrong)
    with pytest.raises(RuntimeError, match="undo of 'two' must change"):
        undo_request(cfg, last, 'two', tmp_path / 'undone.pth')
    assert not (tmp_path / 'undone.pth').exists()


@pytest.mark.parametrize('shape', [(3, 4), (3, 4, 1, 1), (3, 2, 2, 1)])
def test_kernels_and_matrices(shape):
    torch.manual_seed(0)
    down, up = torch.randn(2, *shape[1:]), torch.randn(3, 2)
    weight = torch.randn(shape)
    before = {
        'history.a.conv.lora_A': down,
        'history.a.conv.lora_B': up.view(3, 2, *[1] * (len(shape) - 2)),
        'model.conv.base_layer.weight':
            weight + (up @ down.flatten(1)).view(shape),
        'model.conv.base_layer.bias': torch.zeros(3),
    }
    after = {key: value for key, value in before.items() if 'model' in key}
    after['model.conv.base_layer.weight'] = weight
    check_undone(before, after, 'a')
    after['model.conv.base_layer.weight'] = weight + 1e-4
    with pytest.raises(RuntimeError, match='model.conv.base_layer.weight'):
        check_undone(before, after, 'a')
