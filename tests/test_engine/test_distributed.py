"""Two gloo processes equal one with the same global batch."""

import pytest
import torch
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODELS
from swap_toy import TOY, make_step, make_swap_cfg
from torch import nn
from two_ranks import run_on_two_ranks

from mmswap.engine.gradient_check import UPDATES

STEPS, PER_BRANCH = 4, 4
CASES = {
    f'{phase}-{mode}-{counts}': (phase, mode, counts)
    for phase in ('learn', 'forget') for mode in ('penalty', 'proximal')
    for counts in (1, 2)
}


def make_model(phase):
    cfg = make_swap_cfg()
    if phase == 'forget':
        # The bound of the first step must be that of the global batch.
        cfg['objective'] = dict(type='mmswap.ForgetObjective', bound='auto')
    torch.manual_seed(1)
    base = MODELS.build(dict(TOY))
    model = MODELS.build(cfg)
    model.load_state_dict(base.state_dict())
    return model


def share(step, rank, world):
    """This rank's part of each branch of a global step."""
    part = slice(rank * PER_BRANCH // world, (rank + 1) * PER_BRANCH // world)
    return {
        name: dict(
            inputs=batch['inputs'][:, part],
            data_samples=batch['data_samples'][part])
        for name, batch in step.items()
    }


def train(phase, mode, counts, rank=0, world=1, parts=1):
    """Some batches, ``counts`` an update; the SwapModel's state dict.

    In one process a batch may come in parts, each a batch of its own.
    """
    swap = model = make_model(phase)
    model.train()
    if world > 1:
        model = MMDistributedDataParallel(model, find_unused_parameters=False)
    wrapper = build_optim_wrapper(
        model,
        dict(
            type='OptimWrapper',
            accumulative_counts=counts * parts,
            constructor='mmswap.SwapOptimWrapperConstructor',
            optimizer=dict(type='AdamW', lr=.01, weight_decay=.1),
            clip_grad=dict(max_norm=1.),
            group_sparse=dict(alpha=.1, mode=mode)))
    for seed in range(STEPS):
        step = make_step(PER_BRANCH, seed)
        if phase == 'forget':
            step = dict(retain=step['learn'], forget=step['retain'])
        for part in range(parts):
            model.train_step(
                share(step, rank + part, world * parts), wrapper)
    return {key: value.clone() for key, value in swap.state_dict().items()}


def train_cases(rank, world):
    found = {name: train(*case, rank, world) for name, case in CASES.items()}
    return dict(found, checks=[
        dropped_everywhere(ranks, rank) for ranks in ((0, ), (0, 1))])


class DropAll(nn.Module):
    """Stochastic depth that never lets the block through."""

    def forward(self, x):
        return 0 * x


def dropped_everywhere(ranks, rank):
    """What the gradient check says where some ranks drop a block."""
    swap = make_model('learn').train()
    if rank in ranks:
        swap.model.layers[0].ffn.dropout_layer = DropAll()
    model = MMDistributedDataParallel(swap, find_unused_parameters=False)
    wrapper = build_optim_wrapper(
        model,
        dict(
            type='OptimWrapper',
            constructor='mmswap.SwapOptimWrapperConstructor',
            optimizer=dict(type='SGD', lr=.01)))
    try:
        for seed in range(UPDATES):
            model.train_step(make_step(2, seed), wrapper)
    except RuntimeError as error:
        return str(error)
    return ''


@pytest.fixture(scope='module')
def two_ranks(tmp_path_factory):
    """What each of two processes ended with, by case."""
    return run_on_two_ranks(train_cases, tmp_path_factory.mktemp('ranks'))


@pytest.mark.slow
@pytest.mark.parametrize('case', CASES)
def test_two_processes_equal_one(two_ranks, case, assert_same_bits):
    assert_same_bits(two_ranks[0][case], two_ranks[1][case])
    alone = train(*CASES[case])
    start = make_model(CASES[case][0]).state_dict()
    moved = 0
    for key, value in alone.items():
        torch.testing.assert_close(
            two_ranks[0][case][key], value, atol=1e-5, rtol=1e-4)
        # The bound of the first step is kept beside the weights.
        moved += key in start and not torch.equal(value, start[key])
    assert moved == 8 + 2  # LoRA of two groups, the head's weight and bias.


@pytest.mark.parametrize('mode', ['penalty', 'proximal'])
def test_accumulated_batches_are_one(mode):
    """Halves of a batch, two an update, are the batch, and sparsity too."""
    whole = train('learn', mode, 1)
    halves = train('learn', mode, 1, parts=2)
    for key, value in whole.items():
        torch.testing.assert_close(halves[key], value, atol=1e-5, rtol=1e-4)


@pytest.mark.slow
def test_the_gradient_check_sees_all_processes(two_ranks):
    """A block that one process drops still learns from the other."""
    for one_dropped, both_dropped in (ranks['checks'] for ranks in two_ranks):
        assert one_dropped == ''
        assert '1 of 2' in both_dropped and 'layers.0.ffn' in both_dropped
