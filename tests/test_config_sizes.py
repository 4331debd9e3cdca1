"""Configs are short: one says what is special, and what two share stands once
in a base of both."""
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / 'configs'
CONFIGS = sorted(ROOT.rglob('*.py'))
# Swaps of digits with data of their own: pixels that are shown as another
# class, and images that are pasted together.
SPECIAL = {
    'fcn_r18-nano_forget', 'mask2former-seg_swin-nano_learn',
    'mask2former-seg_swin-nano_forget'
}
PHASES = [
    path for path in (ROOT / 'digits').glob('*.py')
    if path.stem.endswith(('_learn', '_forget')) and path.stem not in SPECIAL
]


def _code_lines(path):
    lines = map(str.strip, path.read_text().splitlines())
    return [line for line in lines if line and not line.startswith('#')]


@pytest.mark.parametrize(
    'path', CONFIGS, ids=lambda path: str(path.relative_to(ROOT)))
def test_at_most_40_code_lines(path):
    assert len(_code_lines(path)) <= 40
    assert max(map(len, path.read_text().splitlines())) <= 79


@pytest.mark.parametrize('path', PHASES, ids=lambda path: path.stem)
def test_a_phase_without_anything_special_is_shorter(path):
    # That of the classifier has fewer steps than the detectors'.
    wanted = 22 if path.stem.endswith('_learn') else 10
    assert len(_code_lines(path)) <= wanted
