"""The toy swap as fixtures."""
from pathlib import Path
from typing import NamedTuple

import pytest
import toy_audit
import toy_swap
from mmengine.config import Config


class ToySwap(NamedTuple):
    """Config files of two phases and the base that the first one loads."""

    learn: Path
    forget: Path
    base: Path
    work_dir: Path


@pytest.fixture(autouse=True)
def _cheap_runners(monkeypatch):
    """Without what takes most of the time to build a Runner of a toy.

    That is asking the compilers for their versions and laying out the
    config's text nicely.
    """
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)
    monkeypatch.setattr(
        Config, 'pretty_text',
        property(lambda cfg: '\n'.join(
            f'{key} = {value!r}' for key, value in cfg.to_dict().items())))


@pytest.fixture
def toy(tmp_path) -> ToySwap:
    """A swap that learns (0.1 -> 0.9) and then forgets (0.7 -> 0)."""
    toy_swap.LOG.clear()
    base = toy_swap.write_base(tmp_path / 'base.pth')
    return ToySwap(
        toy_swap.write_config(tmp_path / 'toy_learn.py', (.8, .7, .9), base),
        toy_swap.write_config(tmp_path / 'toy_forget.py', (.8, 0., .9), base),
        base, tmp_path / 'out')


@pytest.fixture
def swap(tmp_path, monkeypatch) -> Path:
    """The folder of a swap that is to be audited, which becomes current."""
    monkeypatch.chdir(tmp_path)
    toy_audit.write_swap(tmp_path)
    return tmp_path
