"""The benchmark scripts run and print their tables."""
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mmswap.datasets.digit_scenes import make_digit_scenes

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_step_time_prints_the_ratio(tmp_path):
    make_digit_scenes(tmp_path / 'data/digits', base=8, learn=6, val=2)
    config = ROOT / 'configs/digits/mask-rcnn_swin-nano_fpn_learn.py'
    done = subprocess.run(
        [sys.executable, str(ROOT / 'tools/benchmarks/step_time.py'),
         str(config), '--steps', '1', '--warmup', '0'],
        cwd=tmp_path, capture_output=True, text=True,
        env=dict(os.environ, OMP_NUM_THREADS='1', PYTHONPATH=str(ROOT)))
    assert done.returncode == 0, done.stderr
    rows = dict(re.findall(r'\| (full|swap) \| \d+ \| ([\d,]+) \|',
                           done.stdout))
    full, swap = (int(rows[name].replace(',', ''))
                  for name in ('full', 'swap'))
    assert 0 < swap < full / 10
    assert re.search(r'swap / full: median \d+\.\d\d, ', done.stdout)
