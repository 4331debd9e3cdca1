"""A walk over stock configs of mmdet, mmseg and mmpretrain.

Each model is swapped as it is: grown, given an adapter, trained for a step of
learning and a step of forgetting, and merged. The reference is the unmodified
model of the same library, built from the config with K + N classes.
"""
import copy

import pytest
import torch
from mmcv.cnn import fuse_conv_bn
from mmengine.registry import MODELS, DefaultScope
from torch.nn.modules.batchnorm import _BatchNorm
from zoo import (
    REFUSED,
    ZOO,
    count_classes,
    make_batch,
    outputs,
    read_model,
    scope_of,
)

import mmswap
from mmswap.class_table import ClassTable
from mmswap.engine import SwapOptimWrapperConstructor
from mmswap.models import ForgetObjective

pytestmark = pytest.mark.slow


@pytest.fixture
def library(request):
    """The scope of the config's library, registered and the default."""
    config = request.node.callspec.params.get('entry')
    config = config.config if config else request.node.callspec.params[
        'config']
    pytest.importorskip(scope_of(config))
    for scope in ('mmdet', 'mmseg', 'mmpretrain'):
        module = pytest.importorskip(f'{scope}.utils')
        module.register_all_modules(init_default_scope=False)
    with DefaultScope.overwrite_default_scope(scope_of(config)):
        yield


def class_table(cfg, learn=('new a', 'new b')):
    classes, stuff = count_classes(cfg)
    base = [f'class {i}' for i in range(classes)]
    return ClassTable(
        base=base, learn=learn, forget=base[1:2], stuff=base[classes - stuff:])


def build_swap(cfg, table, targets):
    return MODELS.build(
        dict(
            type='mmswap.SwapModel',
            model=copy.deepcopy(cfg),
            classes=table.as_dict(),
            adapter=dict(rank=2, alpha=2, targets=targets),
            objective=dict(type='mmswap.LearnObjective')))


def build_base(cfg):
    """The stock model with weights of which none is zero or like another."""
    torch.manual_seed(0)
    model = MODELS.build(copy.deepcopy(cfg))
    with torch.no_grad():
        for param in model.parameters():
            # SSD leaves memory as it is until init_weights.
            param.nan_to_num_().clamp_(-1, 1)
            param.add_(.02 * torch.randn_like(param))
    return model.state_dict()


def take_step(swap, config, branch, labels, stuff):
    """One update; returns what it changed, by state dict key."""
    before = {k: v.clone() for k, v in swap.state_dict().items()}
    swap.train()
    optim = SwapOptimWrapperConstructor(
        dict(type='OptimWrapper', optimizer=dict(type='SGD', lr=.1),
             group_sparse=dict(alpha=.01),
             clip_grad=dict(max_norm=1.)))(swap)
    retain = [label for label in range(2, 20) if label not in stuff]
    data = {
        'retain': make_batch(config, 1, retain, stuff),
        branch: make_batch(config, 2, labels, stuff)
    }
    swap.train_step(data, optim)
    return {
        key: (before[key], value)
        for key, value in swap.state_dict().items()
        if not torch.equal(before[key], value)
    }


@pytest.mark.parametrize(
    'entry', ZOO, ids=[entry.config.split('/')[-1] for entry in ZOO])
def test_a_stock_model_is_swapped(entry, library):
    config = entry.config
    cfg = read_model(config)
    table = class_table(cfg)
    base = build_base(cfg)
    swap = build_swap(cfg, table, entry.targets)
    swap.init_weights()
    swap.load_state_dict(base)
    assert len(swap.groups) == entry.groups
    stuff = list(table.labels('all')[-len(table.stuff):]) if table.stuff \
        else []

    # Grown: the base's weights are in it, and the adapter does nothing.
    assert swap.class_rows
    own = swap.base_state_dict()
    assert list(own) == list(base)
    assert not [key for key in base if not torch.equal(own[key], base[key])]
    stock = MODELS.build(copy.deepcopy(swap.inner_cfg)).requires_grad_(False)
    stock.load_state_dict({
        key: swap.class_rows[key].grow(value)
        if key in swap.class_rows else value
        for key, value in base.items()
    })
    view = make_batch(config, 3, [0], stuff)
    wanted = outputs(stock, config, copy.deepcopy(view))
    got = outputs(swap.model, config, copy.deepcopy(view))
    assert wanted and len(got) == len(wanted)
    assert all(torch.equal(a, b) for a, b in zip(got, wanted))

    # A step of each kind moves adapter and new rows, and nothing else.
    rows = {f'model.{key}': rows for key, rows in swap.class_rows.items()}
    learned = list(table.labels('learn'))
    for branch, labels in (('learn', learned), ('forget', [1])):
        if branch == 'forget':
            swap.objective = ForgetObjective(bound=1e6)
            swap.objective.attach(swap.model, table)
        changed = take_step(swap, config, branch, labels, stuff)
        still = [
            name for name, params in swap.groups.items()
            if not any(_key_of(swap, param) in changed for param in params)
        ]
        assert not still, branch
        for key, (old, new) in changed.items():
            if '.lora_' in key:
                continue
            where = rows[key.replace('.base_layer.', '.')]
            assert torch.equal(where.shrink(new), where.shrink(old)), key
        assert any('.lora_' not in key for key in changed), branch

    # Merged: the stock model takes it and says the same.
    before = outputs(swap.model, config, copy.deepcopy(view))
    merged = mmswap.merge_adapter(swap)
    stock.load_state_dict(merged.state_dict())
    after = outputs(stock, config, copy.deepcopy(view))
    for a, b in zip(after, before):
        # Small values carry the rounding of the large ones they come from.
        scale = b.abs().max().clamp(min=1.).item() if b.numel() else 1.
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3 * scale)


DENSE = [entry for entry in ZOO if 'yolox' in entry.config
         or 'rtmdet' in entry.config]


@pytest.mark.parametrize(
    'entry', DENSE, ids=[entry.config.split('/')[-1] for entry in DENSE])
def test_batch_norm_folds_into_a_merged_model(entry, library,
                                              randomise_adapter):
    """As deployment does, by mmcv's own function.

    Not in the head of RTMDet, merged or not: its levels share convolutions,
    each with a norm of its own, and all of these would go into one.
    """
    cfg = read_model(entry.config)
    swap = build_swap(cfg, class_table(cfg), entry.targets)
    swap.load_state_dict(build_base(cfg))
    merged = mmswap.merge_adapter(randomise_adapter(swap)).eval()
    view = make_batch(entry.config, 3, [0], [])
    wanted = outputs(merged, entry.config, copy.deepcopy(view))
    fused = copy.deepcopy(merged)
    parts = ['backbone', 'neck']
    if 'yolox' in entry.config:
        parts.append('bbox_head')
    for part in parts:
        folded = fuse_conv_bn(fused.get_submodule(part))
        assert not [m for m in folded.modules() if isinstance(m, _BatchNorm)]
    got = outputs(fused, entry.config, view)
    assert len(got) == len(wanted) > 5
    for a, b in zip(got, wanted):
        scale = b.abs().max().clamp(min=1.).item()
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-3 * scale)


def _key_of(model, param):
    return next(k for k, p in model.named_parameters() if p is param)


@pytest.mark.parametrize('config', REFUSED)
def test_what_cannot_be_swapped_says_so(config, library):
    cfg = read_model(config)
    classes = 80 if 'htc' in config else count_classes(cfg)[0]
    table = ClassTable(
        base=[f'class {i}' for i in range(classes)], learn=('new', ))
    with pytest.raises(ValueError, match=REFUSED[config]):
        build_swap(cfg, table, 'conv')
