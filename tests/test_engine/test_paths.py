"""Checkpoints know nothing of the machine that wrote them."""
import pytest
from mmengine.config import Config

from mmswap.engine.paths import hide_paths, restore_paths


@pytest.fixture
def checkpoint(tmp_path, monkeypatch):
    """(checkpoint, config) of a run in the current folder."""
    monkeypatch.chdir(tmp_path)
    here = str(tmp_path)
    cfg = Config(dict(
        work_dir=f'{here}/work', load_from='/models/base.pth',
        data=[dict(root='/data/coco/', prefix='images/', sep='/')],
        near=f'{here}/data/', relative='data/x.json',
        mapped={f'{here}/data': 's3://bucket'}))
    info = dict(cfg=cfg.pretty_text, last_ckpt=f'{here}/work/iter_2.pth',
                best_ckpt=f'{here}/work/best.pth', iter=2, note='/data')
    return dict(meta=dict(cfg=cfg.pretty_text, epoch=1),
                message_hub=dict(runtime_info=info)), cfg


def test_no_absolute_path_is_left(checkpoint, tmp_path):
    saved, cfg = checkpoint
    hide_paths(saved, cfg, f'{tmp_path}/work')
    info = saved['message_hub']['runtime_info']
    assert info['last_ckpt'] == 'iter_2.pth'
    assert info['best_ckpt'] == 'best.pth'
    for text in (saved['meta']['cfg'], info['cfg']):
        assert str(tmp_path) not in text and '/models' not in text
        read = Config.fromstring(text, '.py')
        assert read.work_dir == 'work' and read.load_from == 'base.pth'
        assert read.near == 'data/' and read.relative == 'data/x.json'
        assert read.data[0] == dict(root='coco/', prefix='images/', sep='/')
    assert cfg.load_from == '/models/base.pth'


def test_a_copied_work_dir_finds_its_own_checkpoints(checkpoint, tmp_path):
    saved, cfg = checkpoint
    hide_paths(saved, cfg, f'{tmp_path}/work')
    restore_paths(saved, 'copy')
    info = saved['message_hub']['runtime_info']
    assert info['best_ckpt'] == str(tmp_path / 'copy' / 'best.pth')
    assert info['last_ckpt'] == str(tmp_path / 'copy' / 'iter_2.pth')
    assert info['note'] == '/data' and info['iter'] == 2


@pytest.mark.parametrize('path', ['/home', '../other/best.pth', '.', ''])
def test_nothing_outside_is_taken_for_a_checkpoint(tmp_path, path):
    """mmengine removes the best checkpoint for a better one, with a folder."""
    info = dict(best_ckpt=path, **{'best_ckpt_acc/top1': path})
    restore_paths(dict(message_hub=dict(runtime_info=info)), str(tmp_path))
    assert info == {}


def test_an_older_checkpoint_keeps_its_best(tmp_path):
    info = dict(best_ckpt=str(tmp_path / 'best.pth'))
    restore_paths(dict(message_hub=dict(runtime_info=info)), str(tmp_path))
    assert info == dict(best_ckpt=str(tmp_path / 'best.pth'))


@pytest.mark.parametrize('odd', [
    {}, dict(message_hub=None, meta=None), dict(message_hub=dict()),
    dict(message_hub=dict(runtime_info=[]))])
def test_what_has_no_paths_stays(odd):
    saved = dict(odd)
    hide_paths(saved, Config(dict(a='/b')), '/work')
    restore_paths(saved, '/work')
    assert saved == odd
