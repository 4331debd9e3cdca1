"""A layer that stands in several places is one layer, with LoRA too."""
import copy

import pytest
import torch
from peft.tuners.lora import LoraLayer
from torch import nn
from torch.nn import functional as F

import mmswap
from mmswap.models.adapters.lora import merge_lora, remove_lora
from mmswap.models.adapters.places import all_places


class Levels(nn.Module):
    """As the towers of RTMDet: a convolution of all levels, norms of each."""

    def __init__(self):
        super().__init__()
        shared = nn.Conv2d(3, 4, 3, padding=1)
        self.cls_convs = nn.ModuleList(
            nn.Sequential(shared, nn.GroupNorm(1, 4)) for _ in range(3))

    def forward(self, x):
        return [level(x) for level in self.cls_convs]


@pytest.fixture
def pair(randomise_adapter):
    """A model, and the same with LoRA that is not zero."""
    torch.manual_seed(0)
    plain = Levels()
    model = copy.deepcopy(plain)
    mmswap.apply_adapter(model, rank=2, alpha=4, targets='tower')
    return plain, randomise_adapter(model)


IMAGE = torch.randn(2, 3, 5, 5)


def test_all_places_have_it(pair):
    plain, model = pair
    layers = [level[0] for level in model.cls_convs]
    assert isinstance(layers[0], LoraLayer) and len(set(layers)) == 1
    [(name, (down, up))] = mmswap.models.adapters.groups.group_params(
        model).items()
    assert name == 'cls_convs.0'
    # By hand: B is a 1x1 convolution behind A, scaled by alpha / rank.
    conv = plain.cls_convs[0][0]
    wanted = conv(IMAGE) + 2 * F.conv2d(F.conv2d(IMAGE, down, padding=1), up)
    for level, other, found in zip(plain.cls_convs, model.cls_convs,
                                   model(IMAGE)):
        other[1].load_state_dict(level[1].state_dict())
        torch.testing.assert_close(found, level[1](wanted))


def test_its_gradient_is_that_of_all_places(pair):
    _, model = pair
    [params] = mmswap.models.adapters.groups.group_params(model).values()
    sums = torch.autograd.grad(sum(o.square().sum() for o in model(IMAGE)),
                               params)
    each = [torch.autograd.grad(output.square().sum(), params)
            for output in model(IMAGE)]
    for found, parts in zip(sums, zip(*each)):
        torch.testing.assert_close(found, sum(parts), rtol=1e-4, atol=1e-4)


def test_merged_and_taken_out(pair):
    plain, model = pair
    wanted = [output.detach() for output in model(IMAGE)]
    merged = merge_lora(copy.deepcopy(model))
    assert type(merged.cls_convs[2][0]) is nn.Conv2d
    for found, each in zip(merged(IMAGE), wanted):
        torch.testing.assert_close(found, each, rtol=1e-4, atol=1e-5)
    bare = remove_lora(model)
    assert all(type(level[0]) is nn.Conv2d for level in bare.cls_convs)
    assert torch.equal(bare.cls_convs[1][0].weight,
                       plain.cls_convs[1][0].weight)
    assert bare.state_dict().keys() == plain.state_dict().keys()


def test_its_files_have_it_once(pair, tmp_path):
    plain, model = pair
    mmswap.save_adapter(model, tmp_path)
    found = copy.deepcopy(plain)
    mmswap.load_adapter(found, tmp_path)
    assert len({id(level[0]) for level in found.cls_convs}) == 1
    for level, other in zip(found.cls_convs, model.cls_convs):
        level[1].load_state_dict(other[1].state_dict())
    for one, other in zip(found.eval()(IMAGE), model.eval()(IMAGE)):
        assert torch.equal(one, other)


def test_places_by_hand():
    model = Levels()
    assert all_places(model)[id(model.cls_convs[1][0])] == [
        f'cls_convs.{i}.0' for i in range(3)]
