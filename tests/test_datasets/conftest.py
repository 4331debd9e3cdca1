"""The tests of mmswap.datasets: mmdet's scope is the default one."""
from typing import Callable

import pytest
from coco_files import coco_maker
from mmdet.utils import register_all_modules
from mmengine.registry import DefaultScope


@pytest.fixture(autouse=True)
def mmdet_scope():
    """The default scope of a run with an mmdet config."""
    register_all_modules(init_default_scope=False)
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


@pytest.fixture
def coco(tmp_path) -> Callable[..., dict]:
    """See ``coco_files.coco_maker``."""
    return coco_maker(tmp_path)
