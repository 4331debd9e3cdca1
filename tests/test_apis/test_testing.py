import pickle

import pytest
from mmengine.config import Config

from mmswap.apis import (
    DumpHook,
    build_runner,
    enable_painting,
    enable_tta,
    load_config,
)


@pytest.mark.parametrize('scope, wanted, save_dir', [
    ('mmdet', dict(draw=True, test_out_dir='d'), None),
    ('mmseg', dict(draw=True), 'd'),
    ('mmpretrain', dict(enable=True, out_dir='d'), None),
])
def test_painting_in_each_library(scope, wanted, save_dir):
    cfg = Config(
        dict(
            default_scope=scope,
            visualizer=dict(type='V'),
            default_hooks=dict(visualization=dict(type='H'))))
    enable_painting(cfg, show_dir='d')
    hook = dict(type='H', show=False, wait_time=2, **wanted)
    assert cfg.default_hooks.visualization == hook
    assert cfg.visualizer.get('save_dir') == save_dir


def test_painting_without_a_hook():
    with pytest.raises(ValueError, match='default_hooks.visualization must'):
        enable_painting(Config(dict(default_hooks=dict())), show=True)


def test_tta():
    dataset = dict(type='W', dataset=dict(type='D', pipeline=[1]))
    cfg = Config(
        dict(
            model=dict(type='M'),
            tta_model=dict(type='T', tta_cfg=dict(a=1)),
            tta_pipeline=[2],
            test_dataloader=dict(dataset=dataset)))
    enable_tta(cfg)
    assert cfg.model == dict(
        type='T', tta_cfg=dict(a=1), module=dict(type='M'))
    assert cfg.test_dataloader.dataset.dataset.pipeline == [2]


@pytest.mark.parametrize('key', ['tta_model', 'tta_pipeline'])
def test_tta_that_is_not_configured(key):
    cfg = Config(dict(tta_model=dict(type='T'), tta_pipeline=[2]))
    cfg[key] = None
    with pytest.raises(ValueError, match=f'{key} must be set in the config'):
        enable_tta(cfg)


def test_predictions_are_dumped(toy, tmp_path):
    cfg = load_config(toy.learn, str(toy.work_dir))
    runner = build_runner(cfg)
    runner.register_hook(DumpHook(str(tmp_path / 'out.pkl')))
    runner.test()
    with open(tmp_path / 'out.pkl', 'rb') as file:
        dumped = pickle.load(file)
    assert len(dumped) == 8


def test_predictions_go_to_a_pickle(tmp_path):
    with pytest.raises(ValueError, match='must be a pkl file'):
        DumpHook(str(tmp_path / 'out.json'))
