"""What an adapter's files may not say, whoever wrote them."""
import json
import time

import pytest
import torch
from mmcv.cnn.bricks.transformer import FFN
from safetensors.torch import load_file, save_file
from torch import nn

import mmswap
from mmswap.models.adapter_checks import read_config

PREFIX = 'base_model.model.'
LAYER = 'block.ffn.layers.0.0'


class Plain(nn.Module):

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)  # One base model.
        self.block = nn.Module()
        self.block.ffn = FFN(8, 16)


@pytest.fixture
def folder(tmp_path):
    """An adapter of rank 2 that changes something."""
    model = Plain()
    mmswap.apply_adapter(
        model, rank=2, alpha=4, targets=[r'block\.ffn\.layers\..*'])
    for name, param in model.named_parameters():
        if 'lora_B' in name:
            nn.init.normal_(param)
    return mmswap.save_adapter(model, tmp_path / 'adapter')


def change(path, **settings):
    found = json.loads(path.read_text())
    found.update(settings)
    path.write_text(json.dumps(found))


def refused(folder, match):
    """It is refused, and the model is as it was."""
    model = Plain()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    started = time.monotonic()
    with pytest.raises(ValueError, match=match):
        mmswap.load_adapter(model, folder)
    assert time.monotonic() - started < 5
    after = model.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[key], before[key]) for key in before)


ATTACKS = {
    'weights of the base moved': dict(init_lora_weights='pissa'),
    'another start': dict(init_lora_weights=False),
    'the same as a number': dict(init_lora_weights=1),
    'another scale': dict(use_rslora=True),
    'a scale for some layers': dict(alpha_pattern={LAYER: 1e6}),
    'a rank for some layers': dict(rank_pattern={LAYER: 10**9}),
    'all memory': dict(r=10**9),
    'a rank that is no number': dict(r=2.),
    'a rank that is true': dict(r=True),
    'no rank': dict(r=0),
    'an endless match': dict(target_modules='(a|aa)+$' + '|(.*.*)*x' * 9),
    'other layers': dict(target_modules='block.*'),
    'a list of suffixes': dict(target_modules=['layers.0.0', 'layers.1']),
    'a scale that is no number': dict(lora_alpha='8'),
    'an endless scale': dict(lora_alpha=float('inf')),
    'a scale of nothing': dict(lora_alpha=0),
    'all dropped': dict(lora_dropout=1.),
    'biases': dict(bias='all'),
    'another method': dict(peft_type='LOHA'),
    'weights of a decomposition': dict(use_dora=True),
    'layers that are copied': dict(layer_replication=[[0, 9]]),
    'modules that are replaced': dict(modules_to_save=['head']),
    'a download': dict(base_model_name_or_path='someone/model'),
    'code to import': dict(auto_mapping=dict(parent_library='os')),
    'another core': dict(megatron_core='os'),
    'what peft does not know': dict(extra=1),
}


@pytest.mark.parametrize('settings', ATTACKS.values(), ids=ATTACKS)
def test_a_setting_that_mmswap_does_not_write(folder, settings):
    key, = settings
    change(folder / 'adapter_config.json', **settings)
    refused(folder, f'{key} of .*adapter_config.json must be ')


@pytest.mark.parametrize('key', ['r', 'lora_alpha', 'lora_dropout',
                                 'target_modules'])
def test_a_setting_that_is_not_there(folder, key):
    path = folder / 'adapter_config.json'
    found = json.loads(path.read_text())
    del found[key]
    path.write_text(json.dumps(found))
    refused(folder, f'{key} of .* must be there')


@pytest.mark.parametrize('text, match', [
    ('{', 'must be JSON'), ('[]', 'must be a JSON object, got list'),
    ('null', 'must be a JSON object, got NoneType')])
@pytest.mark.parametrize('name', ['adapter_config.json', 'swap.json'])
def test_a_file_that_is_none(folder, name, text, match):
    (folder / name).write_text(text)
    refused(folder, f'{name} {match}')


def test_settings_of_other_releases_that_change_nothing(folder):
    change(folder / 'adapter_config.json', peft_version='99', new_one=None,
           another={}, third=False, fourth=[])
    model = mmswap.load_adapter(Plain(), folder)
    assert len(mmswap.group_norms(model)) == 1


A, B = (f'{PREFIX}{LAYER}.lora_{x}.weight' for x in 'AB')
WEIGHTS = {
    'no B': (lambda w: w.pop(B), 'A and B of one rank'),
    'no A': (lambda w: w.pop(A), 'A and B of each layer'),
    'another rank of B': (
        lambda w: w.update({B: torch.ones(16, 3)}), 'one rank'),
    'another rank of a layer': (
        lambda w: w.update({A: torch.ones(3, 8), B: torch.ones(16, 3)}),
        'r of .* must be the rank'),
    'whole numbers': (
        lambda w: w.update({A: torch.ones(2, 8, dtype=torch.int64)}),
        'matrices of floats'),
    'no matrix': (lambda w: w.update({A: torch.ones(16)}), 'matrices'),
    'another key': (
        lambda w: w.update({'block.weight': torch.ones(2, 2)}), 'called'),
    'another width': (
        lambda w: w.update({A: torch.ones(2, 9)}), r'got sizes \(16, 9\)'),
    'another height': (
        lambda w: w.update({B: torch.ones(17, 2)}), r'got sizes \(17, 8\)'),
}


@pytest.mark.parametrize('edit, match', WEIGHTS.values(), ids=WEIGHTS)
def test_weights_of_another_form(folder, edit, match):
    path = folder / 'adapter_model.safetensors'
    weights = load_file(path)
    edit(weights)
    save_file(weights, path)
    refused(folder, match)


def test_a_huge_rank_builds_nothing(folder):
    """Narrow matrices are small in the file, and large in the model."""
    path = folder / 'adapter_model.safetensors'
    rank = 10**6
    save_file({key: torch.ones(rank, 1) if '_A' in key else
               torch.ones(1, rank) for key in load_file(path)}, path)
    change(folder / 'adapter_config.json', r=rank)
    refused(folder, r'got sizes \(1, 1\)')


def test_a_layer_that_the_model_does_not_have(folder):
    path = folder / 'adapter_model.safetensors'
    save_file({key.replace('block', 'other'): value
               for key, value in load_file(path).items()}, path)
    config = folder / 'adapter_config.json'
    config.write_text(config.read_text().replace('block', 'other'))
    refused(folder, 'of which the model has None')


@pytest.mark.parametrize('dropped', ['text', [1], {}, None])
def test_dropped_layers_that_are_no_names(folder, dropped):
    change(folder / 'swap.json', dropped_layers=dropped)
    refused(folder, 'dropped_layers of .*swap.json must be a list')


def test_rows_of_another_form(build_swap, tmp_path):
    swap = build_swap('mask_rcnn')
    folder = mmswap.save_adapter(swap, tmp_path)
    path = folder / 'class_rows.safetensors'
    rows = load_file(path)
    key = next(iter(rows))
    for broken in (dict(rows, **{key: rows[key][:1].clone()}),
                   {k: v for k, v in rows.items() if k != key}):
        save_file(broken, path)
        with pytest.raises(ValueError, match=f'{key} of .* must be of shape'):
            mmswap.load_adapter(build_swap('mask_rcnn'), folder)


def test_the_settings_that_are_taken(folder):
    weights = load_file(folder / 'adapter_model.safetensors')
    config = read_config(folder / 'adapter_config.json', PREFIX, weights)
    assert (config.r, config.lora_alpha, config.lora_dropout) == (2, 4, 0)
