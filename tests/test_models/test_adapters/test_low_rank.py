"""The faster LoRA layer computes what peft's own does."""
import copy

import pytest
import torch
from mmcv.cnn import Linear as MMCVLinear
from peft import LoraConfig, inject_adapter_in_model
from peft.tuners.lora import Linear as PeftLinear
from torch import nn

import mmswap
from mmswap.models.adapters.low_rank import LowRankLinear, _LowRank


class Two(nn.Module):

    def __init__(self, kind, bias):
        super().__init__()
        self.ffn = nn.Sequential(
            kind(6, 10, bias=bias), nn.ReLU(inplace=True),
            kind(10, 6, bias=bias))

    def forward(self, x):
        return self.ffn(x)


def build(kind=nn.Linear, bias=True, **lora):
    """The same weights twice: with mmswap's layers, and with peft's."""
    torch.manual_seed(0)
    ours = Two(kind, bias)
    theirs = copy.deepcopy(ours)
    mmswap.apply_adapter(ours, rank=2, alpha=6, targets=r'ffn\.[02]', **lora)
    inject_adapter_in_model(
        LoraConfig(r=2, lora_alpha=6, target_modules=r'ffn\.[02]'), theirs)
    with torch.no_grad():
        for param in ours.parameters():
            param.copy_(torch.randn(param.shape))
    theirs.load_state_dict(ours.state_dict())
    return ours.train(), theirs.train()


@pytest.fixture
def calls(monkeypatch):
    """How often peft's own forward ran in one of ours."""
    found = []
    stock = PeftLinear.forward

    def forward(self, *args, **kwargs):
        if isinstance(self, LowRankLinear):
            found.append(self)
        return stock(self, *args, **kwargs)

    monkeypatch.setattr(PeftLinear, 'forward', forward)
    return found


@pytest.mark.parametrize('train_a', [True, False])
@pytest.mark.parametrize('kind', [nn.Linear, MMCVLinear])
@pytest.mark.parametrize('bias', [True, False])
@pytest.mark.parametrize('shape', [(6, ), (3, 6), (2, 0, 6), (2, 3, 4, 6)])
def test_outputs_and_gradients_are_pefts(kind, bias, shape, train_a, calls):
    ours, theirs = build(kind, bias, train_a=train_a)
    for layer in theirs.ffn[::2]:
        layer.lora_A.requires_grad_(train_a)
    images = torch.randn(shape)
    grads = []
    for model in (ours, theirs):
        x = images.clone().requires_grad_()
        output = model(x)
        (output * torch.arange(6.)).sum().backward()
        grads.append([output, x.grad] + [
            param.grad for key, param in sorted(model.named_parameters())
            if param.requires_grad])
        assert all(param.grad is None for param in model.parameters()
                   if not param.requires_grad)
    assert not calls and len(grads[0]) == 2 + (4 if train_a else 2)
    for found, wanted in zip(*grads):
        torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)


def test_without_a_the_input_is_not_kept():
    kept = []
    for train_a in (True, False):
        ours, _ = build(train_a=train_a)
        found = set()

        def keep(tensor, found=found):
            found.add(tensor.data_ptr())
            return tensor

        x = torch.randn(3, 6, requires_grad=True)
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda t: t):
            ours.ffn[0](x)
        kept.append(x.data_ptr() in found)
    assert kept == [True, False]


def test_gradients_are_those_of_finite_differences():
    torch.manual_seed(1)
    x, down, up = (torch.randn(*shape, dtype=torch.double, requires_grad=True)
                   for shape in ((6, 4), (2, 4), (5, 2)))
    weight, bias = torch.randn(5, 4).double(), torch.randn(5).double()

    def layer(x, down, up):
        return _LowRank.apply(x, weight, bias, down, up, 1.5)

    assert torch.autograd.gradcheck(layer, (x, down, up))


def test_the_first_layer_asks_for_no_gradient_of_the_images():
    ours, _ = build()
    images = torch.randn(3, 6)
    ours(images).sum().backward()
    assert images.grad is None
    assert ours.ffn[0].lora_A['default'].weight.grad.any()


def each(act):
    """(model) -> None, which acts on both of its LoRA layers."""
    return lambda model: [act(layer) for layer in model.ffn[::2]]


CHANGES = {
    'eval': nn.Module.eval,
    'disabled': each(lambda layer: layer.enable_adapters(False)),
    'merged': each(lambda layer: layer.merge()),
    'base trains': each(
        lambda layer: layer.get_base_layer().requires_grad_(True)),
}


@pytest.mark.parametrize('change', list(CHANGES))
def test_anything_else_goes_pefts_way(change, calls):
    ours, theirs = build()
    for model in (ours, theirs):
        CHANGES[change](model)
    x = torch.randn(3, 6)
    found, wanted = ours(x), theirs(x)
    assert len(calls) == 2
    torch.testing.assert_close(found, wanted, rtol=0, atol=0)


def test_without_gradients_and_in_mixed_precision_it_is_pefts(calls):
    ours, theirs = build()
    x = torch.randn(3, 6)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x), rtol=0, atol=0)
    with torch.autocast('cpu', torch.bfloat16):
        torch.testing.assert_close(ours(x), theirs(x), rtol=0, atol=0)
    assert len(calls) == 4


def test_dropout_is_pefts(calls):
    ours, _ = build(dropout=.5)
    ours(torch.randn(3, 6))
    assert len(calls) == 2
