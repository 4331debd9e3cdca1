"""Fixtures of the engine tests: a toy SwapModel, seconds to train."""
import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODELS, DefaultScope
from swap_toy import CLASSES, TOY, make_swap_cfg


@pytest.fixture(autouse=True)
def _scope():
    """No scope of an earlier test's Runner is left over."""
    with DefaultScope.overwrite_default_scope('mmengine'):
        yield


@pytest.fixture
def build_toy():
    """(**keys of the toy's config) -> SwapModel with loaded base weights."""

    def build(classes=CLASSES, **changes):
        torch.manual_seed(1)
        base = MODELS.build(dict(TOY, **changes))
        with torch.no_grad():
            for param in base.parameters():
                param.add_(.1 * torch.randn_like(param))
        model = MODELS.build(make_swap_cfg(classes, **changes))
        model.load_state_dict(base.state_dict())
        return model.train()

    return build


@pytest.fixture
def wrap_optim():
    """(model, config) -> optim wrapper of the constructor, SGD by default."""

    def wrap(model, group_sparse=None, paramwise_cfg=None, **cfg):
        cfg.setdefault('optimizer', dict(type='SGD', lr=.1))
        cfg.setdefault('type', 'OptimWrapper')
        cfg.update(
            constructor='mmswap.SwapOptimWrapperConstructor',
            group_sparse=group_sparse,
            paramwise_cfg=paramwise_cfg)
        return build_optim_wrapper(model, cfg)

    return wrap


@pytest.fixture
def toy_groups():
    """Three groups of two matrices; the second is exactly zero."""
    generator = torch.Generator().manual_seed(0)

    def make():
        groups = [[
            torch.randn(2, 5, generator=generator).requires_grad_(),
            torch.randn(4, 2, generator=generator).requires_grad_()
        ] for _ in range(3)]
        with torch.no_grad():
            for param in groups[1]:
                param.zero_()
        return groups

    return make()
