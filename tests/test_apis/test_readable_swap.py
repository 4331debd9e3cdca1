"""The console of real swaps of digits, each in a process of its own."""
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mmswap.datasets.digits.scenes import make_digit_scenes

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
CONFIG = 'configs/digits/mask2former_swin-nano_{}.py'
OPTIONS = ['val_dataloader.dataset.dataset.indices=8']
MMSWAP = [sys.executable, '-m', 'mmswap.apis.cli']


@pytest.fixture(scope='module', autouse=True)
def _scenes():
    make_digit_scenes(ROOT / 'data' / 'digits')


def _start(args, **kwargs):
    env = dict(os.environ, PYTHONPATH=str(ROOT), OMP_NUM_THREADS='1',
               TERM='xterm')
    env.pop('LOCAL_RANK', None)
    # What is started in the background of a shell ignores SIGINT.
    return subprocess.Popen(
        [*MMSWAP, *map(str, args)], cwd=ROOT, env=env, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **kwargs)


def _swap(work_dir, *more):
    return ['run', CONFIG.format('learn'), CONFIG.format('forget'),
            '--work-dir', work_dir, *more, '--cfg-options', *OPTIONS,
            'train_cfg.max_iters=2', 'train_cfg.val_interval=2',
            'default_hooks.checkpoint.interval=2']


@pytest.fixture(scope='module')
def swap(tmp_path_factory):
    """A swap of two steps a phase: its work dir and what it printed."""
    work_dir = tmp_path_factory.mktemp('swap')
    done = _start(_swap(work_dir), stdout=subprocess.PIPE,
                  stderr=subprocess.PIPE)
    out, err = done.communicate()
    assert done.returncode == 0, err
    return work_dir, out, err


def test_a_swap_fits_on_a_page(swap):
    _, out, err = swap
    lines = out.splitlines()
    assert len(lines) <= 80 and max(map(len, lines)) < 200
    assert not err and '\r' not in out and '\x1b' not in out
    assert len(re.findall(r'^  \| segm_mAP \|', out, re.M)) == 3
    assert len(re.findall(r'^  train +\d/2', out, re.M)) == 4
    assert '_precision' not in out
    assert re.search(r'images: [\d,]+ retain, [\d,]+ learn; trains', out)


def test_its_log_files_have_all(swap):
    work_dir, out, _ = swap
    logs = re.findall(r'^  log: (.+)$', out, re.M)
    assert len(logs) == 2
    for log in logs:
        text = Path(log).read_text()
        for part in ('System environment', 'train_dataloader = dict(',
                     'retain/coco/zero_precision: ', 'Average Precision'):
            assert part in text


def test_verbose_is_the_whole_log(swap):
    work_dir, _, _ = swap
    done = _start([*_swap(work_dir / 'loud', '--verbose')],
                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = done.communicate()
    assert done.returncode == 0, err
    assert len(out.splitlines()) > 1000
    assert 'retain/coco/zero_precision: ' in out


def test_a_terminal_has_a_bar(tmp_path):
    ours, theirs = pty.openpty()
    process = _start(_swap(tmp_path), stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b''
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # Linux says so at the end.
            part = b''
        if not part:
            break
        shown += part
    assert process.wait() == 0
    text = shown.decode()
    assert re.search(r'\r  train +\[=+ *\] +\d/2  loss ', text)
    assert '  | segm_mAP |' in text and '_precision' not in text


def test_ctrl_c_and_the_command_that_goes_on(tmp_path):
    args = ['train', CONFIG.format('learn'), '--work-dir', tmp_path,
            '--cfg-options', *OPTIONS, 'train_cfg.max_iters=8',
            'train_cfg.val_interval=1000',
            'default_hooks.checkpoint.interval=2']
    process = _start(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for line in process.stdout:
        if re.match('  train +[3-5]/8', line):
            process.send_signal(signal.SIGINT)
            break
    _, err = process.communicate()
    assert process.returncode == 130 and 'Traceback' not in err
    said, command = err.strip().splitlines()
    assert re.search(r'iter_\d+\.pth is saved', said)
    words = shlex.split(command)
    assert words[:2] == ['python', words[1]] and words[-1] == '--resume'
    again = _start(words[2:], stdout=subprocess.PIPE)
    out, _ = again.communicate()
    assert again.returncode == 0 and 'goes on after step' in out
    assert (tmp_path / 'iter_8.pth').is_file()
