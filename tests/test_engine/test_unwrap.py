"""The SwapModel of a Runner, with and without a wrapper."""
from types import SimpleNamespace

import pytest
from mmengine.registry import MODEL_WRAPPERS
from torch import nn

from mmswap.engine.unwrap import swap_model_of


class Wrapper(nn.Module):
    """Stands for MMDistributedDataParallel."""

    def __init__(self, module):
        super().__init__()
        self.module = module


@pytest.fixture
def wrapper():
    """A type that mmengine takes for a model wrapper."""
    MODEL_WRAPPERS.register_module(module=Wrapper, force=True)
    yield Wrapper
    MODEL_WRAPPERS.module_dict.pop('Wrapper')


def test_without_a_wrapper():
    model = nn.Linear(1, 1)
    assert swap_model_of(SimpleNamespace(model=model)) is model


def test_within_a_wrapper(wrapper):
    model = nn.Linear(1, 1)
    assert swap_model_of(SimpleNamespace(model=wrapper(model))) is model


def test_a_module_that_only_looks_like_one():
    """A model may well have a part that it calls ``module``."""
    model = Wrapper(nn.Linear(1, 1))
    assert swap_model_of(SimpleNamespace(model=model)) is model
