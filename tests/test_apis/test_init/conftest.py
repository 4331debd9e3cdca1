"""A folder to work in: digit scenes, and a base checkpoint of each library."""
import functools

import init_bases
import pytest

from mmswap.datasets.digits.scenes import make_digit_scenes


@pytest.fixture(scope='session')
def digits_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('init')
    make_digit_scenes(folder / 'data/digits', base=16, learn=6, val=6)
    return folder


@pytest.fixture
def digits(digits_folder, tmp_path, monkeypatch):
    """Works in a new folder with the scenes; gives ``checkpoint(name)``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'data').symlink_to(digits_folder / 'data')
    return functools.partial(init_bases.checkpoint, digits_folder)
