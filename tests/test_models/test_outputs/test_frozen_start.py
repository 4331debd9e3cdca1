"""What frozen layers gave is given again, and only where it is the same."""
from contextlib import nullcontext

import pytest
import torch
from peft import LoraConfig, inject_adapter_in_model
from torch import nn

from mmswap.models.adapters.lora import without_adapter
from mmswap.models.outputs.at_rest import at_rest
from mmswap.models.outputs.frozen_start import FrozenStart
from mmswap.models.step_losses import step_losses

HOLD = dict(type='mmswap.LearnObjective', hold_weight=2.)


class Net(nn.Module):
    """Frozen, adapted and frozen layers, one of the first called twice."""

    def __init__(self, middle=None):
        super().__init__()
        self.first = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])
        self.middle = middle or nn.Identity()
        self.adapted = nn.Linear(4, 4)
        self.last = nn.Linear(4, 4)

    def forward(self, x):
        for layer in (*self.first, self.first[0]):
            x = layer(x)
        return self.last(self.adapted(self.middle(x)))


def adapted(net):
    torch.manual_seed(0)
    net.requires_grad_(False)
    inject_adapter_in_model(LoraConfig(
        r=2, target_modules=['adapted'], init_lora_weights=False), net)
    return net.train()


def count_calls(module):
    """The calls that reach the layer's own arithmetic."""
    calls, stock = [], module.forward

    def forward(*args, **kwargs):
        calls.append(1)
        return stock(*args, **kwargs)

    module.forward = forward
    return calls


def two_passes(net, x):
    start = FrozenStart(net)
    with torch.no_grad(), without_adapter(net), at_rest(net), start.record():
        base = net(x)
    with start.reuse():
        now = net(x)
    return base, now


def test_layers_in_front_of_the_adapter_run_once():
    net = adapted(Net())
    x = torch.randn(3, 4)
    wanted = net(x)
    calls = {name: count_calls(net.get_submodule(name))
             for name in ('first.0', 'first.1', 'last')}
    mine = {name: net.get_submodule(name).forward for name in calls}
    base, now = two_passes(net, x)
    assert torch.equal(now, wanted)
    assert not torch.allclose(base, now)
    assert {name: len(found) for name, found in calls.items()} == {
        'first.0': 2, 'first.1': 1, 'last': 2}
    # What somebody put there is there again.
    assert mine == {name: net.get_submodule(name).forward for name in calls}
    net(x)
    assert len(calls['first.1']) == 2


def test_what_a_layer_gave_is_for_one_pass_alone():
    net = adapted(Net())
    start = FrozenStart(net)
    with torch.no_grad(), start.record():
        net(torch.randn(3, 4))
    with start.reuse():
        pass
    x = torch.randn(3, 4)
    with start.reuse():
        assert torch.equal(net(x), net(x))


@pytest.mark.parametrize('middle', [nn.BatchNorm1d(4), nn.Dropout(.5)])
def test_what_the_batch_or_chance_decides_runs_again(middle):
    net = adapted(Net(middle))
    x = torch.randn(3, 4)
    calls = count_calls(middle)
    torch.manual_seed(1)
    wanted = net(x)
    torch.manual_seed(1)
    _, now = two_passes(net, x)
    assert torch.equal(now, wanted)
    assert len(calls) == 3


def test_images_of_another_size_are_computed():
    net = adapted(Net())
    start = FrozenStart(net)
    with torch.no_grad(), start.record():
        net(torch.randn(3, 4))
    x = torch.randn(5, 4)
    with start.reuse():
        assert torch.equal(net(x), net(x))


def test_what_was_changed_in_place_is_computed():
    net = adapted(Net(nn.ReLU(inplace=True)))
    x = torch.randn(30, 4)
    calls = count_calls(net.first[0])
    wanted = net(x)
    _, now = two_passes(net, x)
    assert torch.equal(now, wanted)
    # Its second output, which the ReLU changed, once more.
    assert len(calls) == 2 + 3


class Prompted(Net):
    """A parameter that trains comes in by arithmetic, not by a call."""

    def __init__(self):
        super().__init__()
        self.prompt = nn.Embedding(1, 4)

    def forward(self, x):
        return super().forward(x + self.prompt.weight)


def test_what_trains_without_a_call_is_followed():
    net = adapted(Prompted())
    net.prompt.weight.requires_grad_(True)
    _, now = two_passes(net, torch.randn(3, 4))
    now.sum().backward()
    assert net.prompt.weight.grad.abs().sum() > 0


@pytest.mark.parametrize('last', [1., .25])
@pytest.mark.parametrize('name', ['mask2former', 'dino'])
def test_a_step_is_the_same_bit_for_bit(name, last, build_swap, make_batch,
                                        randomise_adapter, monkeypatch):
    swap = randomise_adapter(build_swap(
        name, objective=HOLD, adapter=dict(last=last))).train()
    data = swap.data_preprocessor(
        dict(retain=make_batch(2, 1), learn=make_batch(2, 2)), True)
    calls = count_calls(swap.model.backbone.patch_embed)

    def step():
        swap.zero_grad()
        torch.manual_seed(0)
        losses = step_losses(swap.model, swap.objective, data)
        sum(loss for key, loss in losses.items() if 'loss' in key).backward()
        return losses, {key: param.grad.clone() for key, param
                        in swap.named_parameters() if param.grad is not None}

    losses, grads = step()
    assert len(calls) == 2
    monkeypatch.setattr(FrozenStart, 'reuse', lambda self: nullcontext())
    plain, wanted = step()
    assert len(calls) == 2 + 4
    assert losses == plain
    assert grads.keys() == wanted.keys()
    assert all(torch.equal(grads[key], wanted[key]) for key in grads)
