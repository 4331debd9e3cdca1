"""Batches and branches that are right, however they are given."""
import pytest

from mmswap.apis.doctor.check_batches import (
    branches_of,
    check_branches,
    check_sampler,
)
from mmswap.apis.doctor.examined import Examined, in_scope
from mmswap.apis.plan import plan_phases

SUBSET = "dict(type='mmswap.ClassSubset', classes=classes, dataset=old, {})"
BRANCHES = ("train_dataloader['dataset'] = dict(type='mmswap.SwapDataset', "
            'branches=dict({}))')


@pytest.fixture
def found(swap):
    """(lines of the learn config) -> (keys of findings, branches)."""

    def found(*lines):
        for line in lines:
            swap.add('learn', line)
        phase, = plan_phases(swap.configs[:1], swap.folder / 'out')
        given = Examined([phase], swap.folder / 'out'), phase
        with in_scope(phase):
            return [each.key for check in (check_sampler, check_branches)
                    for each in check(*given)], branches_of(phase)

    return found


def test_sizes_by_branch(found):
    assert found("train_dataloader['sampler'] = dict(type="
                 "'mmswap.SwapSampler', branch_sizes=dict(retain=3, learn=1))"
                 ) == ([], ['retain', 'learn'])


@pytest.mark.parametrize('sampler', [
    'retain=4', 'retain=4, target=0', 'branch_sizes=dict(retain=4)'])
def test_sizes_that_are_wrong(found, sampler):
    keys, _ = found("train_dataloader['sampler'] = dict(type="
                    f"'mmswap.SwapSampler', {sampler})")
    assert len(keys) == 1 and keys[0].startswith('train_dataloader.sampler')


def test_branches_of_ones_own(found):
    """A list, a wrapper, and a split among others."""
    retain = SUBSET.format("keep='retain'")
    learn = SUBSET.format("keep=['retain', 'learn']")
    assert found(BRANCHES.format(
        f'retain=[{retain}, {retain}], learn=dict(type="RepeatDataset", '
        f'times=2, dataset={learn})')) == ([], ['retain', 'learn'])


def test_one_part_of_a_branch_may_show_others(found):
    retain, learn = (SUBSET.format(f'keep={keep!r}')
                     for keep in ('retain', 'learn'))
    assert not found(BRANCHES.format(
        f'retain={retain}, learn=[{retain}, {learn}]'))[0]


def test_no_branch_to_retain_where_none_is_retained(found):
    learn = SUBSET.format("keep='learn'")
    keys, branches = found(
        "train_dataloader.update(batch_size=4, sampler=dict(type="
        "'mmswap.SwapSampler', branch_sizes=dict(learn=4)))",
        "model['objective']['retain_weight'] = 0",
        BRANCHES.format(f'learn={learn}'))
    assert not keys and branches == ['learn']


def test_a_branch_to_retain_that_is_not_drawn_from(found):
    none = ("train_dataloader.update(batch_size=4, sampler=dict(type="
            "'mmswap.SwapSampler', retain=0, target=4))")
    assert found(none)[0] == ['train_dataloader.sampler.retain']
    assert not found(none, "model['objective']['retain_weight'] = 0")[0]


def test_a_data_set_without_branches(found):
    assert found("train_dataloader['dataset'] = old") == (
        ['train_dataloader.dataset'], [])
