"""The shipped swap of digits: nothing is wrong with it."""
from pathlib import Path

import pytest

from mmswap.apis.doctor import diagnose
from mmswap.datasets.digits.scenes import make_digit_scenes

CONFIGS = Path(__file__).parents[3] / 'configs' / 'digits'


@pytest.mark.slow
@pytest.mark.parametrize('names', [
    ('learn-retaining', 'forget-unnamed'), ('learn', 'forget'),
    ('requests', )])
def test_nothing_is_wrong(tmp_path, monkeypatch, names):
    monkeypatch.chdir(tmp_path)
    make_digit_scenes(Path('data/digits'), base=60, learn=16, val=24)
    diagnosis = diagnose([
        CONFIGS / f'mask2former_swin-nano_{name}.py' for name in names])
    assert diagnosis.is_fine
    tried = [each.phase for each in diagnosis.findings
             if each.key == 'train_cfg' and each.phase]
    assert tried == (diagnosis.phases[:1] if names == ('requests', ) else
                     diagnosis.phases)
