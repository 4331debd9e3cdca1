"""Stock configs are found whatever the name of their distribution."""
import sys
from pathlib import Path

import pytest
from mmengine.config import Config

import mmswap
from mmswap.apis import load_config

SEG = 'mmseg::segformer/segformer_mit-b0_8xb2-160k_ade20k-512x512.py'
DET = 'mmdet::detr/detr_r50_8xb2-150e_coco.py'
CLS = 'mmpretrain::resnet/resnet18_8xb32_in1k.py'


@pytest.mark.parametrize('name', [SEG, DET, CLS])
def test_path_of_an_installed_library(name):
    path = Path(mmswap.stock_config(name))
    assert path.is_absolute() and path.is_file()
    assert path.as_posix().endswith('/configs/' + name.partition('::')[2])


def test_a_config_inherits_and_is_inherited(tmp_path):
    first, second = tmp_path / 'first.py', tmp_path / 'second.py'
    first.write_text(
        f"_base_ = __import__('mmswap').stock_config({SEG!r})\n"
        'model = dict(decode_head=dict(num_classes=7))\n'
        'wrapped = dict(model=_base_.model)\n')
    second.write_text("_base_ = './first.py'\n"
                      'batch = _base_.train_dataloader.batch_size + 1\n')
    stock = Config.fromfile(mmswap.stock_config(SEG))
    cfg = load_config(second)
    assert cfg.model.decode_head.num_classes == 7
    assert cfg.model.backbone == stock.model.backbone
    assert cfg.wrapped.model == stock.model
    assert cfg.batch == stock.train_dataloader.batch_size + 1
    assert cfg.default_scope == 'mmseg'
    # What a run leaves in its work dir.
    cfg.dump(tmp_path / 'dumped.py')
    assert Config.fromfile(tmp_path / 'dumped.py').model == cfg.model


def test_beside_another_base(tmp_path):
    (tmp_path / 'names.py').write_text("names = ('a', 'b')\n")
    (tmp_path / 'both.py').write_text(
        "_base_ = [__import__('mmswap').stock_config("
        f"{SEG!r}), './names.py']\n"
        'count = len(_base_.names)\n')
    cfg = Config.fromfile(tmp_path / 'both.py')
    assert cfg.count == 2 and cfg.model.type == 'EncoderDecoder'


def test_library_is_not_imported_and_may_be_a_checkout(tmp_path, monkeypatch):
    (tmp_path / 'mmthing').mkdir()
    (tmp_path / 'mmthing/__init__.py').write_text('raise RuntimeError\n')
    (tmp_path / 'configs/a').mkdir(parents=True)
    (tmp_path / 'configs/a/b.py').write_text('')
    monkeypatch.syspath_prepend(tmp_path)
    assert mmswap.stock_config('mmthing::a/b.py') == str(
        tmp_path / 'configs/a/b.py')
    assert 'mmthing' not in sys.modules


def test_missing_library_is_named():
    with pytest.raises(ModuleNotFoundError, match='mmnothing must be inst'):
        mmswap.stock_config('mmnothing::a/b.py')


def test_missing_config_names_those_alike():
    with pytest.raises(
            FileNotFoundError,
            match=r'did you mean .*detr/detr_r50_8xb2-150e_coco\.py'):
        mmswap.stock_config('mmdet::detr/detr_r50_8xb2-151e_coco.py')


def test_errors_reach_the_user_of_a_config(tmp_path):
    (tmp_path / 'wrong.py').write_text(
        "_base_ = __import__('mmswap').stock_config('mmnothing::a/b.py')\n")
    with pytest.raises(ModuleNotFoundError, match='mmnothing'):
        Config.fromfile(tmp_path / 'wrong.py')


@pytest.mark.parametrize('name', [
    'detr/detr_r50_8xb2-150e_coco.py', '::a/b.py', 'mmdet::', 'mmdet::detr',
    'mmdet.configs::a/b.py'
])
def test_other_names_are_refused(name):
    with pytest.raises(ValueError, match='name must be'):
        mmswap.stock_config(name)
