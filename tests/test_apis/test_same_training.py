"""Whatever starts a phase, and however often it is resumed: the same bits."""
import copy
import runpy
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import HOOKS
from mmengine.runner import Runner

from mmswap.apis import run_swap
from mmswap.datasets.digits.scenes import make_digit_scenes

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'configs/digits/mask2former_swin-nano_learn.py'
# Ten images to learn, five in a step: two steps are an epoch.
OPTIONS = {
    'train_dataloader.num_workers': 0,
    'train_dataloader.persistent_workers': False,
    'val_dataloader.num_workers': 0,
    'val_dataloader.persistent_workers': False,
    'log_level': 'ERROR',
}
ITERS = {
    'train_cfg.max_iters': 4,
    'train_cfg.val_interval': 4,
    'default_hooks.checkpoint.interval': 2,
    'default_hooks.checkpoint.max_keep_ckpts': 2,
}
EPOCHS = {
    'train_cfg': dict(_delete_=True, type='EpochBasedTrainLoop', max_epochs=2,
                      val_begin=9),
    'log_processor.by_epoch': True,
    'default_hooks.checkpoint.interval': 1,
    'default_hooks.checkpoint.by_epoch': True,
    'default_hooks.checkpoint.max_keep_ckpts': 2,
}
WORKERS = {'train_dataloader.num_workers': 2}

pytestmark = pytest.mark.slow


@HOOKS.register_module()
class KillAt(Hook):
    """Ends a run in the middle of a step, as a power cut does."""

    def __init__(self, iteration):
        self.iteration = iteration

    def after_train_iter(self, runner, *args, **kwargs):
        if runner.iter + 1 == self.iteration:
            raise KeyboardInterrupt


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('same')
    make_digit_scenes(folder / 'data/digits', base=16, learn=10, val=4)
    return folder


@pytest.fixture(autouse=True)
def _in_folder(folder, monkeypatch, det_scope):
    monkeypatch.chdir(folder)
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)
    monkeypatch.setenv('LOCAL_RANK', '0')


def weights(path):
    return torch.load(path, weights_only=False)['state_dict']


@pytest.fixture(scope='module')
def swapped(folder):
    """The phase as ``swap.py`` trains it, once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        report = run_swap([CONFIG], folder / 'swap',
                          cfg_options={**OPTIONS, **ITERS})
    return weights(report['checkpoints'][CONFIG.stem])


@pytest.fixture
def train(monkeypatch, folder):
    """(work dir, options, *arguments) runs our ``train.py``."""

    def run(work_dir, options, *args):
        path = folder / f'{work_dir}_learn.py'
        cfg = Config.fromfile(CONFIG)
        # A copy: mmengine takes `_delete_` out of what it is given.
        cfg.merge_from_dict(copy.deepcopy({**OPTIONS, **options}))
        cfg.dump(path)
        monkeypatch.setattr(
            sys, 'argv', ['train.py', str(path), '--work-dir', work_dir,
                          *args])
        runpy.run_path(str(ROOT / 'tools/train.py'), run_name='__main__')

    return run


def test_train_py_is_swap_py(swapped, train, assert_same_bits):
    """With workers, too, and with the base measured by SwapLogHook."""
    train('train', {**ITERS, **WORKERS})
    assert_same_bits(weights('train/iter_4.pth'), swapped)


def test_a_stock_train_py_is_swap_py(swapped, assert_same_bits):
    cfg = Config.fromfile(CONFIG)
    cfg.merge_from_dict({**OPTIONS, **ITERS})
    cfg.work_dir = 'stock'
    Runner.from_cfg(cfg).train()
    assert_same_bits(weights('stock/iter_4.pth'), swapped)


@pytest.mark.parametrize('options, last', [
    (ITERS, 'iter_4.pth'), (EPOCHS, 'epoch_2.pth')])
def test_a_killed_run_ends_like_one_that_was_not(
        train, assert_same_bits, options, last):
    """It is killed after the third step; the second one's was saved.

    Loops are not compared with each other: mmengine 0.10 draws a seed for the
    data when it makes one of them, and so before LoRA begins.
    """
    whole, name = (f'{kind}_{Path(last).stem}' for kind in ('whole', 'killed'))
    train(whole, {**options, 'custom_hooks': []})
    kill = {'custom_hooks': [dict(type='KillAt', iteration=3)]}
    with pytest.raises((KeyboardInterrupt, SystemExit)):
        train(name, {**options, **kill})
    train(name, {**options, 'custom_hooks': []}, '--resume')
    assert_same_bits(weights(Path(name) / last), weights(Path(whole) / last))


def test_a_run_without_a_seed_is_resumed_with_its_own(train,
                                                      assert_same_bits):
    """mmengine draws a seed where the config has none."""
    options = {**ITERS, 'randomness': dict(seed=None), 'custom_hooks': []}
    train('unseeded', options)
    train('resumed', options, '--resume', 'unseeded/iter_2.pth')
    assert_same_bits(weights('resumed/iter_4.pth'),
                     weights('unseeded/iter_4.pth'))
