"""Every config of the digits parses and builds, and a forget config changes
its learn config where it should and nowhere else."""
import functools
import json
from pathlib import Path

import mmengine
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import DATA_SAMPLERS, DATASETS, MODELS, DefaultScope
from PIL import Image

from mmswap.apis.plan import plan_phases
from mmswap.class_table import ClassTable
from mmswap.config.types import is_mmswap_type
from mmswap.datasets.digits.scenes import make_digit_scenes
from mmswap.models import SwapModel

pytestmark = pytest.mark.slow  # A walk through all of them.

CONFIGS_ROOT = Path(__file__).parents[1] / 'configs'
ROOT = Path(__file__).parents[1] / 'configs' / 'digits'
CONFIGS = sorted(ROOT.rglob('*.py'))
LEARN = [path for path in CONFIGS if path.stem.endswith('_learn')]
FORGET = [path for path in CONFIGS if path.stem.endswith('_forget')]
MAY_DIFFER = {
    'model', 'old', 'new', 'retain_set', 'gone', 'gone_set', 'gone_loaded',
    'datasets', 'mixed_set', 'train_dataloader', 'load_from', 'train_cfg',
    'optim_wrapper', 'param_scheduler'
}


PLANS = [path for path in CONFIGS if path.stem.endswith('_requests')]


def _name(path):
    return path.stem


@pytest.fixture(scope='module')
def scenes(tmp_path_factory):
    folder = tmp_path_factory.mktemp('configs')
    make_digit_scenes(folder / 'data/digits', base=12, learn=6, val=4)
    # As `mmswap pseudo-label` would write it: with labels of old digits.
    labels = folder / 'data/digits/annotations'
    mixed = json.loads((labels / 'mixed.json').read_text())
    known = json.loads((labels / 'val.json').read_text())
    found = [dict(each, id=10 * each['id'] + category, category_id=category)
             for each in mixed['annotations'] for category in (1, 4)]
    (labels / 'mixed_all.json').write_text(json.dumps(dict(
        mixed, annotations=mixed['annotations'] + found,
        categories=known['categories'])))
    maps = folder / 'data/digits/semantic_bg'
    (maps / 'mixed_all').mkdir()
    for path in (maps / 'mixed').iterdir():
        drawn = np.array(Image.open(path))
        drawn[0, :8] = range(1, 9)
        Image.fromarray(drawn).save(maps / 'mixed_all' / path.name)
    return folder


@pytest.mark.parametrize('path', CONFIGS, ids=_name)
def test_config_builds(path, scenes, monkeypatch):
    monkeypatch.chdir(scenes)
    cfg = Config.fromfile(str(path))
    if 'requests' in cfg:
        pytest.skip('a plan of requests has no model of its own')
    # As the stock train.py of the config's library has it.
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        model = MODELS.build(cfg.model)
        for loader in (cfg.val_dataloader, cfg.train_dataloader):
            dataset = DATASETS.build(loader.dataset)
            assert len(dataset) > 0
            dataset[0]
    if isinstance(model, SwapModel):
        assert sorted(dataset.branches) == sorted(model.objective.branches)
        sampler = DATA_SAMPLERS.build(dict(loader.sampler, dataset=dataset))
        sizes = sampler.branch_sizes
        assert list(sizes) == list(dataset.branches)
        assert sum(sizes.values()) == loader.batch_size
        # What a phase saves last is what the next one loads.
        assert cfg.default_hooks.checkpoint.get('save_last', True)


def test_every_swap_has_its_hook(monkeypatch):
    # 'mmdet::...' has mmengine read all metafiles of mmdet each time.
    monkeypatch.setattr(
        'mmengine.config.utils.load', functools.lru_cache(mmengine.load))
    lacking = []
    for path in CONFIGS_ROOT.rglob('*.py'):
        if '_base_' in path.parts:
            continue
        cfg = Config.fromfile(str(path))
        hook = cfg.get('default_hooks', {}).get('swap')
        if is_mmswap_type(cfg.get('model'), 'SwapModel') and (
                hook != dict(type='mmswap.SwapHook')):
            lacking.append(path.stem)
    assert not lacking


@pytest.mark.parametrize('path', LEARN, ids=_name)
def test_learn_config_loads_what_its_base_config_writes(path):
    base = Config.fromfile(str(path).replace('_learn', '_base'))
    load_from = Path(Config.fromfile(str(path)).load_from)
    if load_from.suffix == '.safetensors':
        assert load_from.is_file()
    else:
        stem = Path(base.filename).stem
        assert load_from == Path(
            f'work_dirs/{stem}/iter_{base.train_cfg.max_iters}.pth')


@pytest.mark.parametrize('path', FORGET, ids=_name)
def test_forget_config_follows_its_learn_config(path):
    learn_path = path.with_name(path.name.replace('_forget', '_learn'))
    learn = Config.fromfile(str(learn_path))
    forget = Config.fromfile(str(path))
    changed = {
        key for key in {*learn, *forget} if learn.get(key) != forget.get(key)
    }
    assert changed <= MAY_DIFFER
    same = {key: value for key, value in forget.model.items()
            if key != 'objective'}
    assert same == {key: learn.model[key] for key in same}
    assert forget.load_from == (f'work_dirs/{learn_path.stem}/iter_'
                                f'{learn.train_cfg.max_iters}.pth')


@pytest.mark.parametrize('path', PLANS, ids=_name)
def test_each_request_of_a_plan_has_its_data(path, scenes, monkeypatch,
                                             tmp_path):
    monkeypatch.chdir(scenes)
    (tmp_path / 'base.pth').write_bytes(b'weights')
    phases = plan_phases(
        [path], tmp_path, cfg_options=dict(load_from=f'{tmp_path}/base.pth'))
    assert len(phases) == 4
    gone = set()
    for phase in phases:
        table = ClassTable.from_cfg(phase.cfg.model.classes)
        assert set(table.forgotten_before) == gone
        gone |= set(table.forget)
        with DefaultScope.overwrite_default_scope(phase.cfg.default_scope):
            data = DATASETS.build(phase.cfg.train_dataloader.dataset)
            assert data.metainfo['classes'] == table.names
            val = DATASETS.build(phase.cfg.val_dataloader.dataset)
        assert val.metainfo['classes'] == table.names
        assert val.metainfo['swap_classes'] == table.as_dict()
