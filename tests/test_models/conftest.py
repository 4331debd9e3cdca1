"""The tests of mmswap.models: mmdet's scope is the default one."""
import pytest


@pytest.fixture(autouse=True)
def _scope(det_scope):
    return det_scope
