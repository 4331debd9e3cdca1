"""PrototypeHook on real Runners: training, resuming, the adapter's folder."""
import shutil
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
from mmengine.runner import Runner
from safetensors.torch import load_file

import mmswap
from mmswap.datasets.digits.scenes import make_digit_scenes
from mmswap.engine.hooks import prototype_hook

CONFIG = Path(__file__).parents[2] / (
    'configs/digits/vit-nano_forget-prototypes.py')
PIPELINE = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]
KEY = 'objective.prototypes.'

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A few digits."""
    folder = tmp_path_factory.mktemp('prototypes')
    make_digit_scenes(folder / 'data/digits', base=40, learn=10, val=4)
    return folder


@pytest.fixture
def build_runner(folder, monkeypatch):
    """(name, **config keys) -> a Runner for two steps, nothing at random."""
    from mmpretrain.utils import register_all_modules
    register_all_modules(init_default_scope=False)
    monkeypatch.chdir(folder)
    # Formatting the config would take longer than the run.
    monkeypatch.setattr(Config, 'pretty_text', '')

    def build(name, **changes):
        cfg = Config.fromfile(CONFIG)
        with DefaultScope.overwrite_default_scope('mmpretrain'):
            torch.manual_seed(0)
            base = MODELS.build(cfg.model.model)
            base.init_weights()
            torch.save(base.state_dict(), 'base.pth')
        cfg.work_dir = str(folder / name)
        cfg.experiment_name = f'{folder.name}_{name}'
        cfg.log_level = 'ERROR'
        cfg.load_from = 'base.pth'
        cfg.train_cfg.update(max_iters=2, val_interval=100)
        cfg.default_hooks.checkpoint.update(interval=1, max_keep_ckpts=-1)
        cfg.train_dataloader.update(num_workers=0, persistent_workers=False)
        cfg.train_dataloader.dataset.old.pipeline = PIPELINE
        cfg.default_hooks.swap_log = dict(
            type='mmswap.SwapLogHook', measure_before=False)
        for key, value in changes.items():
            cfg[key] = value
        return Runner.from_cfg(cfg)

    with DefaultScope.overwrite_default_scope('mmpretrain'):
        yield build


def features_by_hand(model, dataset):
    """The feature of each image of both branches, by label."""
    model.eval()
    found = {}
    for index in range(len(dataset)):
        sample = dataset[index]
        data = model.data_preprocessor(
            dict(inputs=[sample['inputs']],
                 data_samples=[sample['data_samples']]))
        with torch.no_grad():
            feature = model.model.extract_feat(data['inputs'])[-1][0]
        label = int(sample['data_samples'].gt_label)
        found.setdefault(label, []).append(feature)
    return found


@pytest.fixture
def saved(build_runner, folder):
    """State dict of a phase after its first step; it is trained once."""
    if not (folder / 'trained/iter_2.pth').is_file():
        build_runner('trained').train()
    return torch.load(
        folder / 'trained/iter_1.pth', weights_only=False)['state_dict']


def test_prototypes_are_found_saved_and_resumed(saved, build_runner, folder,
                                                monkeypatch):
    def refuse(*args):
        raise AssertionError('a resumed run has its prototypes')

    monkeypatch.setattr(prototype_hook, 'classifier_outputs', refuse)
    resumed = build_runner(
        'resumed', resume=True, load_from=str(folder / 'trained/iter_1.pth'))
    resumed.train()
    assert resumed.iter == 2
    start = MODELS.build(Config.fromfile(CONFIG).model)
    start.load_state_dict(torch.load('base.pth'))
    found = features_by_hand(start, resumed.train_dataloader.dataset)
    assert len(found) == 10
    for label, features in found.items():
        assert saved[f'{KEY}counts'][label] == len(features)
        torch.testing.assert_close(saved[f'{KEY}features'][label],
                                   torch.stack(features).mean(0))
    kept = resumed.model.objective.prototypes.tensors
    assert sorted(kept) == ['counts', 'features', 'logits']
    for key, value in kept.items():
        assert torch.equal(value, saved[KEY + key])


def test_prototypes_lie_with_the_adapter_only_if_asked_for(
        saved, folder, tmp_path):
    """The hook's folder, to be handed out, has nothing to undo it with."""
    adapter = shutil.copytree(folder / 'trained/adapter', tmp_path / 'adapter')
    assert not (adapter / 'prototypes.safetensors').exists()
    model = MODELS.build(Config.fromfile(CONFIG).model)
    model.load_state_dict(saved)
    mmswap.save_adapter(model, adapter, with_prototypes=True)
    written = load_file(adapter / 'prototypes.safetensors')
    for key, value in written.items():
        assert torch.equal(value, saved[KEY + key])

    def load():
        model = MODELS.build(Config.fromfile(CONFIG).model)
        model.load_state_dict(torch.load('base.pth'))
        mmswap.load_adapter(model, adapter)
        return model.objective.prototypes.tensors

    kept = load()
    assert sorted(kept) == sorted(written)
    assert all(torch.equal(kept[key], written[key]) for key in kept)
    # Written anew it is gone.
    mmswap.save_adapter(model, adapter)
    assert load() == {}


def test_a_phase_without_the_hook_stops_at_once(saved, build_runner,
                                                folder):
    runner = build_runner(
        'without', custom_hooks=[],
        load_from=str(folder / 'trained/iter_2.pth'))
    with pytest.raises(RuntimeError, match='custom_hooks must have'):
        runner.train()


def test_some_images_of_each_class(build_runner):
    runner = build_runner(
        'few',
        custom_hooks=[
            dict(type='mmswap.PrototypeHook', images_per_class=2, copies=3)
        ])
    runner.train()
    counts = runner.model.objective.prototypes.tensors['counts']
    assert counts.tolist() == 10 * [2 * 3]
