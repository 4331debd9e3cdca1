import argparse
import os

import pytest
import torch
from mmengine.config import Config

from mmswap.apis.arguments import add_config_arguments, set_local_rank
from mmswap.apis.config import (
    add_swap_hook,
    enable_amp,
    enable_auto_scale_lr,
    enable_resume,
    load_config,
    unwrap_pipeline_owner,
)


@pytest.fixture
def write(tmp_path):

    def write_config(text):
        path = tmp_path / 'some_model.py'
        path.write_text(text)
        return path

    return write_config


@pytest.mark.parametrize('hooks', ['', 'default_hooks = dict(timer=None)'])
def test_a_swap_without_its_hook_gets_it(write, hooks):
    cfg = load_config(write(f"model = dict(type='mmswap.SwapModel')\n{hooks}"))
    assert cfg.default_hooks.swap == dict(type='mmswap.SwapHook')


def test_a_stock_model_gets_no_hook(write):
    cfg = load_config(write("model = dict(type='FasterRCNN')"))
    assert 'default_hooks' not in cfg


def test_arguments_are_mmdets(monkeypatch):
    monkeypatch.delenv('LOCAL_RANK', raising=False)
    parser = argparse.ArgumentParser()
    add_config_arguments(parser)
    args = parser.parse_args(
        ['--launcher', 'pytorch', '--local-rank', '3', '--work-dir', 'w',
         '--cfg-options', 'a.b=1', 'c=[2,3]'])
    assert (args.launcher, args.work_dir) == ('pytorch', 'w')
    assert args.cfg_options == {'a.b': 1, 'c': [2, 3]}
    set_local_rank(args)
    assert os.environ['LOCAL_RANK'] == '3'


def test_launcher_has_the_last_word_on_the_local_rank(monkeypatch):
    monkeypatch.setenv('LOCAL_RANK', '1')
    set_local_rank(argparse.Namespace(local_rank=0))
    assert os.environ['LOCAL_RANK'] == '1'


def test_work_dir_of_command_line_config_and_name(write):
    assert load_config(write('a = 1')).work_dir == os.path.join(
        'work_dirs', 'some_model')
    path = write("work_dir = 'of_config'")
    assert load_config(path).work_dir == 'of_config'
    assert load_config(path, 'of_line').work_dir == 'of_line'


def test_options_override(write):
    cfg = load_config(
        write('a = dict(b=1, c=2)'), None, 'slurm', {'a.b': 5})
    assert cfg.a == dict(b=5, c=2)
    assert cfg.launcher == 'slurm'


def test_mmpretrain_dataloaders_get_its_defaults(write):
    text = "default_scope = '{}'\nval_dataloader = dict(num_workers={})"
    cfg = load_config(write(text.format('mmpretrain', 0)))
    assert cfg.val_dataloader == dict(
        num_workers=0,
        pin_memory=True,
        persistent_workers=False,
        collate_fn=dict(type='default_collate'))
    cfg = load_config(write(text.format('mmpretrain', 2)))
    assert cfg.val_dataloader.persistent_workers is True
    cfg = load_config(write(text.format('mmdet', 2)))
    assert cfg.val_dataloader == dict(num_workers=2)


SWAP_MODEL = dict(type='mmswap.SwapModel')
SWAP_HOOK = dict(type='mmswap.SwapHook')


@pytest.mark.parametrize('given', [
    dict(), dict(default_hooks=None), dict(default_hooks=dict(a=dict(b=1)))])
def test_a_phase_has_a_swap_hook(given):
    cfg = Config(dict(model=SWAP_MODEL, **given))
    add_swap_hook(cfg)
    others = given.get('default_hooks') or {}
    assert cfg.default_hooks == dict(others, swap=SWAP_HOOK)
    assert list(cfg.default_hooks) == [*others, 'swap']


@pytest.mark.parametrize('given', [
    dict(model=SWAP_MODEL, default_hooks=dict(mine=SWAP_HOOK)),
    dict(model=SWAP_MODEL, default_hooks=dict(swap=None)),
    dict(model=SWAP_MODEL, custom_hooks=[SWAP_HOOK]),
    dict(model=dict(type='FasterRCNN')),
    dict(),
])
def test_whoever_has_a_swap_hook_or_needs_none_gets_none(given):
    cfg = Config(given)
    add_swap_hook(cfg)
    assert cfg.to_dict() == given


@pytest.mark.parametrize('given, wanted', [
    ('OptimWrapper', 'AmpOptimWrapper'),
    ('AmpOptimWrapper', 'AmpOptimWrapper'),
    ('mmswap.GroupSparseOptimWrapper', 'mmswap.GroupSparseAmpOptimWrapper'),
])
def test_amp(given, wanted):
    sparse = dict(alpha=.1, mode='penalty')
    cfg = Config(
        dict(
            optim_wrapper=dict(
                type=given, constructor='mmswap.C', group_sparse=sparse)))
    enable_amp(cfg)
    assert cfg.optim_wrapper == dict(
        type=wanted,
        constructor='mmswap.C',
        group_sparse=sparse,
        loss_scale='dynamic')


def test_amp_without_a_type():
    cfg = Config(dict(optim_wrapper=dict()))
    enable_amp(cfg)
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'


def test_amp_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match='optim_wrapper must be set'):
        enable_amp(Config(dict()))
    cfg = Config(dict(optim_wrapper=dict(type='ApexOptimWrapper')))
    with pytest.raises(ValueError, match='optim_wrapper.type must be one of'):
        enable_amp(cfg)


def test_auto_scale_lr():
    cfg = Config(dict(auto_scale_lr=dict(base_batch_size=16)))
    enable_auto_scale_lr(cfg)
    assert cfg.auto_scale_lr.enable is True
    with pytest.raises(ValueError, match='base_batch_size must be set'):
        enable_auto_scale_lr(Config(dict(auto_scale_lr=dict(enable=False))))


def test_resume(tmp_path):
    given = dict(work_dir=str(tmp_path), load_from='base.pth')
    cfg = Config(dict(given))
    enable_resume(cfg, 'auto')
    assert dict(cfg) == given  # nothing to resume: the base stays
    saved = tmp_path / 'iter_2.pth'
    torch.save(dict(), saved)
    (tmp_path / 'last_checkpoint').write_text('iter_2.pth')
    enable_resume(cfg, 'auto')
    assert (cfg.resume, cfg.load_from) == (True, str(saved))
    enable_resume(cfg, 'other.pth')
    assert (cfg.resume, cfg.load_from) == (True, 'other.pth')


def test_the_pipeline_is_the_innermost_data_sets():
    inner = dict(type='CocoDataset', pipeline=[])
    cfg = Config(dict(d=dict(type='A', dataset=dict(type='B', dataset=inner))))
    assert unwrap_pipeline_owner(cfg.d) is cfg.d.dataset.dataset
