"""What the baselines are checked with: outputs worked out by hand."""
import copy

import pytest
import torch
from mmengine.registry import DefaultScope


@pytest.fixture(autouse=True)
def _scope():
    """The toy is one of mmengine's registry."""
    with DefaultScope.overwrite_default_scope('mmengine'):
        yield


@pytest.fixture
def frozen_copy():
    """(SwapModel) -> its wrapped model as it is now, for good."""

    def take(swap):
        return copy.deepcopy(swap.model).eval().requires_grad_(False)

    return take


@pytest.fixture
def seeded():
    """(function) -> its result, with torch's generator seeded alike."""

    def run(function):
        torch.manual_seed(17)
        return function()

    return run
