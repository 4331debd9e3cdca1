"""LoRA in any model, folded in, taken out, written and read."""
import json

import pytest
import torch
from mmcv.cnn.bricks.transformer import FFN, MultiheadAttention
from safetensors import safe_open
from torch import nn

import mmswap


class Block(nn.Module):

    def __init__(self):
        super().__init__()
        # mmcv writes the dropout of other models into its own default.
        self.attn = MultiheadAttention(
            8, 2, dropout_layer=dict(type='Dropout', drop_prob=0.))
        self.ffn = FFN(8, 16)


class Plain(nn.Module):
    """No OpenMMLab model: two blocks, and an FFN used as a regressor."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList([Block(), Block()])
        self.head = nn.Sequential(FFN(8, 16), nn.Linear(8, 2))

    def forward(self, x):
        for block in self.blocks:
            x = block.ffn(block.attn(x))
        return self.head(x)


@pytest.fixture
def plain():
    torch.manual_seed(0)
    return Plain().eval()


def test_apply_adapter_to_a_plain_model(plain):
    x = torch.randn(3, 2, 8)
    plain.requires_grad_(False)
    before = plain(x)
    groups = mmswap.apply_adapter(plain, rank=4, alpha=2)
    assert list(groups) == ['blocks.0.ffn', 'blocks.1.ffn']
    assert [tuple(p.shape) for p in groups['blocks.0.ffn']] == [
        (4, 8), (16, 4), (4, 16), (8, 4)]
    assert torch.equal(plain(x), before)
    trained = [p for p in plain.parameters() if p.requires_grad]
    assert len(trained) == 8


def test_lora_is_scaled_by_alpha_over_rank(plain, randomise_adapter):
    groups = mmswap.apply_adapter(plain, rank=4, alpha=2)
    randomise_adapter(plain)
    layer = plain.blocks[0].ffn.layers[0][0]
    a, b = groups['blocks.0.ffn'][:2]
    x = torch.randn(5, 8)
    base = layer.get_base_layer()
    wanted = x @ base.weight.T + base.bias + 2 / 4 * x @ a.T @ b.T
    torch.testing.assert_close(layer(x), wanted)


def test_group_norms(plain, randomise_adapter):
    groups = mmswap.apply_adapter(plain, rank=2)
    randomise_adapter(plain)
    norms = mmswap.group_norms(plain)
    for name, params in groups.items():
        every = torch.cat([p.detach().double().flatten() for p in params])
        assert norms[name] == pytest.approx(float(every.norm()), rel=1e-6)
    assert list(norms) == list(groups)
    assert mmswap.group_norms(nn.Linear(2, 2)) == {}


@pytest.mark.parametrize('kwargs, message', [
    (dict(rank=0), 'rank >= 1, .* got rank=0'),
    (dict(alpha=0), 'alpha > 0 .* alpha=0'),
    (dict(dropout=1.), r'dropout < 1, .* dropout=1.0'),
    (dict(targets='attn'),
     "targets must be some of .*'attn' matches none .*; .'ffn'. would"),
    (dict(targets='('), "or a regular expression, got '\\('"),
    (dict(targets=()), r'adapter.targets must name a target, .* got \(\)'),
])
def test_bad_adapter_arguments(plain, kwargs, message):
    with pytest.raises(ValueError, match=message):
        mmswap.apply_adapter(plain, **kwargs)


def test_no_target_and_a_second_adapter_of_one_name(plain):
    with pytest.raises(ValueError, match="'ffn' matches none of Linear"):
        mmswap.apply_adapter(nn.Linear(2, 2))
    mmswap.apply_adapter(plain)
    with pytest.raises(ValueError, match="has an adapter 'default' already"):
        mmswap.apply_adapter(plain)


def test_merging_changes_rounding_only(build_swap, build_stock, detector,
                                       randomise_adapter, predict):
    swap = randomise_adapter(build_swap(detector))
    before = predict(swap)
    inner_cfg = swap.inner_cfg
    fresh = predict(build_swap(detector))
    merged = mmswap.merge_adapter(swap)
    stock = build_stock(inner_cfg)
    stock.load_state_dict(merged.state_dict())  # The stock keys, all of them.
    assert type(merged) is type(stock)
    after = predict(stock)
    raw = [key for key in before if key.startswith('raw')]
    # Raw outputs of R-CNN heads stand per proposal, and rounding may swap
    # proposals; compare those up to their order.
    for key in raw:
        assert before[key].shape == after[key].shape
        old, new = (t[key].flatten().sort()[0] if detector == 'mask_rcnn'
                    else t[key] for t in (before, after))
        torch.testing.assert_close(old, new, atol=2e-4, rtol=1e-3)
    assert any(
        not torch.allclose(before[k], fresh[k], atol=1e-2) for k in raw
        if before[k].shape == fresh[k].shape)


def test_a_merged_weight_is_w_plus_scaled_b_a(build_swap, randomise_adapter):
    swap = randomise_adapter(build_swap('mask_rcnn', adapter=dict(
        rank=4, alpha=8, targets='ffn')))
    wanted = {}
    for name, group in swap.groups.items():
        ffn = swap.model.get_submodule(name)
        linears = (ffn.layers[0][0], ffn.layers[1])
        for i, (path, layer) in enumerate(zip(('0.0', '1'), linears)):
            a, b = group[2 * i:2 * i + 2]
            wanted[f'{name}.layers.{path}.weight'] = (
                layer.get_base_layer().weight + 8 / 4 * b @ a).detach()
    merged = mmswap.merge_adapter(swap).state_dict()
    assert len(wanted) == 16
    for key, weight in wanted.items():
        torch.testing.assert_close(merged[key], weight)


def test_an_adapter_gone_wrong_is_not_merged(build_swap):
    swap = build_swap('mask_rcnn')
    with torch.no_grad():
        next(iter(swap.groups.values()))[1].fill_(float('nan'))
    with pytest.raises(ValueError, match='NaNs detected'):
        mmswap.merge_adapter(swap)


def test_removing_restores_the_base_bit_for_bit(
        build_swap, base_state, detector, randomise_adapter, predict,
        assert_same_bits):
    swap = randomise_adapter(build_swap(detector))
    untouched = predict(build_swap(detector))
    assert_same_bits(swap.base_state_dict(), base_state(detector))
    mmswap.remove_adapter(swap)
    assert not [key for key in swap.state_dict() if 'lora' in key]
    assert_same_bits(swap.base_state_dict(), base_state(detector))
    assert_same_bits(predict(swap), untouched)


def changed_rows(swap):
    with torch.no_grad():
        for param, rows in swap.class_params().values():
            new = rows.select(param)
            rows.assign(param, new + torch.randn_like(new))
    return swap


def test_save_and_load_under_another_seed(build_swap, detector, tmp_path,
                                          randomise_adapter,
                                          assert_same_bits):
    swap = changed_rows(randomise_adapter(build_swap(detector)))
    folder = mmswap.save_adapter(swap, tmp_path / 'adapter')
    other = build_swap(detector)
    torch.manual_seed(99)
    other.init_weights()
    saved, fresh = swap.model.state_dict(), other.model.state_dict()
    assert any(not torch.equal(saved[k], fresh[k]) for k in saved)
    mmswap.load_adapter(other, folder)
    assert_same_bits(other.model.state_dict(), saved)
    meta = json.loads((folder / 'swap.json').read_text())
    assert meta['classes'] == swap.class_table.as_dict()
    assert meta['group_norms'] == mmswap.group_norms(swap.model)
    size = sum(file.stat().st_size for file in folder.iterdir())
    assert size < 4 * sum(p.numel() for p in swap.parameters())


def test_load_into_a_plain_model_puts_lora_in(plain, tmp_path,
                                              randomise_adapter):
    x = torch.randn(3, 2, 8)
    mmswap.apply_adapter(plain, rank=4, alpha=2)
    wanted = randomise_adapter(plain)(x)
    folder = mmswap.save_adapter(plain, tmp_path)
    torch.manual_seed(0)
    other = mmswap.load_adapter(Plain().eval(), folder)
    torch.testing.assert_close(other(x), wanted)


def test_bad_folders(build_swap, tmp_path, no_new_classes):
    swap = build_swap('mask_rcnn')
    with pytest.raises(FileNotFoundError, match='adapter_model.safetensors'):
        mmswap.load_adapter(swap, tmp_path)
    folder = mmswap.save_adapter(swap, tmp_path)
    other = build_swap('mask_rcnn', classes=no_new_classes)
    with pytest.raises(ValueError, match='classes must be those of the adapt'):
        mmswap.load_adapter(other, folder)
    # A and B of the two shared fcs.
    other = build_swap('mask_rcnn', adapter=dict(targets='ffn'))
    with pytest.raises(ValueError, match='must fit the model; .* 4 in all'):
        mmswap.load_adapter(other, folder)
    for scale in (dict(rank=2), dict(alpha=64)):
        other = build_swap('mask_rcnn', adapter=scale)
        with pytest.raises(ValueError, match='adapter.rank and adapter.alph'):
            mmswap.load_adapter(other, folder)
    with pytest.raises(ValueError, match="adapter.name .* 'other'"):
        mmswap.save_adapter(swap, folder, 'other')


def test_groups_that_are_zero_are_left_out_of_the_file(
        build_swap, tmp_path, randomise_adapter, assert_same_bits):
    swap = randomise_adapter(build_swap('mask_rcnn'))
    zeroed, *kept = swap.groups
    with torch.no_grad():
        for param in swap.groups[zeroed]:
            param.zero_()
    assert swap.changed_groups == kept
    folder = mmswap.save_adapter(swap, tmp_path)
    with safe_open(folder / 'adapter_model.safetensors', 'pt') as file:
        assert not any(zeroed in key for key in file.keys())
    # A model that has the group gets it back as zero ...
    other = randomise_adapter(build_swap('mask_rcnn'))
    mmswap.load_adapter(other, folder)
    assert_same_bits(other.model.state_dict(), swap.model.state_dict())
    # ... and a plain one gets no LoRA there.
    plain = mmswap.merge_adapter(build_swap('mask_rcnn'))
    mmswap.load_adapter(plain, folder)
    assert list(mmswap.group_norms(plain)) == kept
    assert mmswap.group_norms(plain) == {
        name: norm for name, norm in mmswap.group_norms(swap.model).items()
        if norm}


def test_an_adapter_that_is_zero_throughout_is_written(plain, tmp_path):
    mmswap.apply_adapter(plain, rank=2)
    with torch.no_grad():
        for key, param in plain.named_parameters():
            if 'lora_' in key:
                param.zero_()
    folder = mmswap.save_adapter(plain, tmp_path)
    torch.manual_seed(0)  # As plain is.
    other = mmswap.load_adapter(Plain(), folder)
    assert set(mmswap.group_norms(other).values()) == {0.}
