"""The tools that mmdet installs run a swap from end to end.

Nothing of mmswap's own tools is used here but the one that merges.
"""
import json
import os
import subprocess
import sys
from pathlib import Path

import mmdet
import pytest

from mmswap.datasets.digit_scenes import CLASSES, make_digit_scenes

ROOT = Path(__file__).parents[2]
STOCK_TOOLS = Path(mmdet.__file__).parent / '.mim' / 'tools'
CONFIG = ROOT / 'configs' / 'digits' / 'mask2former_swin-nano_{}.py'
OVERRIDES = ('default_hooks.logger.interval=1',
             'default_hooks.checkpoint.interval=2',
             'custom_hooks.0.measure_before=False',
             'train_dataloader.num_workers=0',
             'train_dataloader.persistent_workers=False')


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A working directory with a few digit scenes where configs look."""
    folder = tmp_path_factory.mktemp('stock')
    make_digit_scenes(folder / 'data/digits', base=40, learn=16, val=12)
    return folder


def _run(folder, script, *args):
    """Run a script as a user would; return all that it printed."""
    env = dict(os.environ, PYTHONPATH=str(ROOT), OMP_NUM_THREADS='1')
    done = subprocess.run(
        [sys.executable, str(script), *map(str, args)], cwd=folder, env=env,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=400)
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


def _train(folder, phase, iters, *args, load_from=None):
    options = [*OVERRIDES, f'train_cfg.max_iters={iters}',
               'train_cfg.val_interval=100']
    if load_from:
        options.append(f'load_from={load_from}')
    return _run(folder, STOCK_TOOLS / 'train.py', str(CONFIG).format(phase),
                '--work-dir', phase, *args, '--cfg-options', *options)


def _precisions(work_dir, prefix):
    """Per-class AP that the stock test.py wrote, NaN as None."""
    found = sorted(Path(work_dir).glob('*/*.json'))
    metrics = json.loads(found[-1].read_text().splitlines()[-1])
    return {name: metrics[f'{prefix}coco/{name}_precision']
            for name in CLASSES}


@pytest.mark.slow
def test_stock_tools_swap_and_score_the_merged_model(folder):
    _train(folder, 'learn', 2)
    log = _train(folder, 'learn', 4, '--resume')
    assert 'resumed epoch: 0, iter: 2' in log
    assert (folder / 'learn/adapter/adapter_model.safetensors').is_file()
    log = _train(folder, 'forget', 4, load_from='learn/iter_4.pth')
    assert 'forget_total' in log
    _run(folder, ROOT / 'tools/merge_adapter.py', str(CONFIG).format('forget'),
         'forget/iter_4.pth', 'merged.pth')
    assert 'mmswap' not in (folder / 'merged.py').read_text()

    test = STOCK_TOOLS / 'test.py'
    _run(folder, test, 'merged.py', 'merged.pth', '--work-dir', 'merged')
    _run(folder, test, str(CONFIG).format('forget'), 'forget/iter_4.pth',
         '--work-dir', 'phase')
    merged = _precisions(folder / 'merged', '')
    phase = _precisions(folder / 'phase', 'all/')
    assert merged == pytest.approx(phase, abs=1e-3, nan_ok=True)
    # The shipped base knows the digits, so this compares real figures.
    assert max(value for value in merged.values() if value == value) > 0.3
