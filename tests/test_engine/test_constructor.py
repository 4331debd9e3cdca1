"""SwapOptimWrapperConstructor: types, errors, parameter options."""
import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODELS
from swap_toy import CLASSES, ToyDetector, make_swap_cfg

from mmswap.engine import (
    GroupSparseOptimWrapper,
    SwapOptimWrapperConstructor,
)


@pytest.mark.parametrize('kind', [
    'OptimWrapper', 'mmengine.OptimWrapper', 'GroupSparseOptimWrapper',
    'mmswap.GroupSparseOptimWrapper'
])
def test_the_sparse_form(build_toy, wrap_optim, kind):
    model = build_toy()
    wrapper = wrap_optim(
        model, dict(alpha=.2, mode='proximal'), type=kind)
    assert type(wrapper) is GroupSparseOptimWrapper
    assert list(wrapper.sparsity.groups) == list(model.groups)
    assert (wrapper.sparsity.alpha, wrapper.sparsity.mode) == (.2, 'proximal')


def test_an_adapter_gets_the_published_penalty_unless_told(build_toy):
    """Where all weights train there is nothing to make sparse."""

    def sparsity(model, **cfg):
        constructor = SwapOptimWrapperConstructor(
            dict(optimizer=dict(type='SGD', lr=.1), **cfg))
        return constructor(model).sparsity

    found = sparsity(build_toy())
    assert (found.alpha, found.mode) == (.01, 'penalty')
    assert sparsity(build_toy(), group_sparse=None).alpha == 0
    cfg = {**make_swap_cfg(CLASSES), 'adapter': None, 'trains': 'all'}
    assert sparsity(MODELS.build(cfg)).alpha == 0


@pytest.mark.parametrize('cfg, message', [
    (dict(type='ApexOptimWrapper'),
     r"optim_wrapper.type must be one of .*got 'ApexOptimWrapper'"),
    (dict(group_sparse=dict(mode='lasso')),
     r"mode must be one of \('penalty', 'proximal'\), got 'lasso'"),
    (dict(group_sparse=dict(alpha=-1)), 'alpha must be .* from 0, got -1'),
    (dict(group_sparse=dict(alpha='0.1')), "alpha must be .*, got '0.1'"),
    (dict(group_sparse=dict(weight=1)),
     r"group_sparse must have the keys \('alpha', .*\['weight'\]"),
    (dict(group_sparse=dict(alpha=1., start=-1)),
     'start must be an iteration from 0, got -1'),
    (dict(group_sparse=dict(alpha=1., grouping='row')),
     r"grouping must be one of \('block', 'lora', 'matrix'\), got 'row'"),
])
def test_bad_config(build_toy, wrap_optim, cfg, message):
    with pytest.raises(ValueError, match=message):
        wrap_optim(build_toy(), **cfg)


def test_another_model_is_refused(wrap_optim):
    with pytest.raises(TypeError, match='SwapModel, got ToyDetector'):
        wrap_optim(ToyDetector(3))


def option(wrapper, key):
    return {id(group['params'][0]): group[key]
            for group in wrapper.optimizer.param_groups}


def test_only_what_trains_is_optimised(build_toy, wrap_optim):
    model = build_toy()
    wrapper = wrap_optim(model)
    optimised = [p for group in wrapper.optimizer.param_groups
                 for p in group['params']]
    wanted = [p for p in model.parameters() if p.requires_grad]
    assert sorted(map(id, optimised)) == sorted(map(id, wanted))
    assert len(wanted) == 2 * 4 + 2


def test_custom_keys_hold_for_the_lora_in_them(build_toy, wrap_optim):
    model = build_toy()
    wrapper = wrap_optim(
        model,
        optimizer=dict(type='AdamW', lr=.1, weight_decay=.3),
        paramwise_cfg=dict(
            custom_keys={
                'model.layers.0': dict(lr_mult=.1, decay_mult=.5),
                'fc_cls': dict(lr_mult=2.)
            }))
    rates, decays = option(wrapper, 'lr'), option(wrapper, 'weight_decay')
    for name, rate, decay in (('layers.0.ffn', .01, .15),
                              ('layers.1.ffn', .1, .3)):
        for param in model.groups[name]:
            assert rates[id(param)] == pytest.approx(rate)
            assert decays[id(param)] == pytest.approx(decay)
    for param, _ in model.class_params().values():
        assert rates[id(param)] == pytest.approx(.2)


@pytest.mark.parametrize('paramwise', [
    None, dict(norm_decay_mult=0.),
    dict(custom_keys={'fc_cls': dict(decay_mult=3.)})
])
def test_class_rows_do_not_decay(build_toy, wrap_optim, paramwise):
    model = build_toy()
    wrapper = wrap_optim(
        model,
        optimizer=dict(type='AdamW', lr=.1, weight_decay=.3),
        paramwise_cfg=paramwise)
    decays = option(wrapper, 'weight_decay')
    assert len(model.class_params()) == 2
    for param, _ in model.class_params().values():
        assert decays[id(param)] == 0.
    for group in model.groups.values():
        assert [decays[id(p)] for p in group] == [.3] * 4


def test_three_detectors_get_the_sparse_form(build_swap, read_config,
                                             detector):
    model = build_swap(detector, load=False)
    cfg = read_config(detector, 'learn').optim_wrapper.to_dict()
    assert cfg['constructor'] == 'mmswap.SwapOptimWrapperConstructor'
    wrapper = build_optim_wrapper(model, cfg)
    assert wrapper.sparsity.alpha == .01
    assert len(wrapper.sparsity.params) == len(model.groups)
    decays = option(wrapper, 'weight_decay')
    assert {decays[id(p)] for p, _ in model.class_params().values()} == {0.}


def test_parameters_in_parts_are_refused():
    from mmengine.model import MMFullyShardedDataParallel

    class OnOneProcess(MMFullyShardedDataParallel):

        def __init__(self):
            torch.nn.Module.__init__(self)

    build = SwapOptimWrapperConstructor(dict(optimizer=dict(type='SGD')))
    with pytest.raises(ValueError, match='model_wrapper_cfg.type must be'):
        build(OnOneProcess())
