"""How often the data sets of a branch are seen."""
from collections import Counter
from itertools import islice

import pytest
import torch

from mmswap.datasets import SwapDataset, SwapSampler


class Numbers:
    """``length`` samples."""

    metainfo = dict(classes=('a', ))

    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, idx):
        return dict(inputs=torch.tensor([float(idx)]))


def make(*lengths, equal=True):
    dataset = SwapDataset(
        dict(retain=[Numbers(n) for n in lengths], forget=Numbers(4)))
    dataset.in_equal_shares = equal
    return dataset


def seen(sampler, count):
    """How often each index of retain occurs in so many samples of it."""
    sampler.endless = True
    size = sum(sampler.branch_sizes.values())
    steps = count // sampler.branch_sizes['retain']
    drawn = islice(sampler, steps * size)
    return Counter(int(i) for i in drawn
                   if i in sampler.dataset.branch_range('retain'))


def of(counts, part):
    return [counts[i] for i in part]


@pytest.mark.parametrize('shuffle', [False, True])
def test_old_and_new_images_are_seen_equally_often(shuffle):
    dataset = make(12, 5)
    sampler = SwapSampler(dataset, retain=3, target=1, seed=2,
                          shuffle=shuffle)
    # Five passes of 12 + 12.
    counts = seen(sampler, 5 * 24)
    old, new = dataset.branch_parts('retain')
    assert of(counts, old) == [5] * 12
    assert of(counts, new) == [12] * 5
    # In a pass no image of the smaller one is ahead by more than one.
    once = seen(sampler, 24)
    assert sum(of(once, new)) == 12
    assert max(of(once, new)) - min(of(once, new)) <= 1


def test_shares_that_are_given():
    dataset = make(12, 5)
    sampler = SwapSampler(
        dataset, retain=1, target=1, seed=2, shares=dict(retain=(3, 1)))
    # The old ones are most for their share: 12 and 4 of the five.
    counts = seen(sampler, 5 * 16)
    old, new = dataset.branch_parts('retain')
    assert of(counts, old) == [5] * 12
    assert of(counts, new) == [4] * 5


def test_branches_are_seen_by_their_lengths():
    dataset = make(12, 5, equal=False)
    counts = seen(SwapSampler(dataset, retain=1, target=1, seed=2), 3 * 17)
    assert set(of(counts, dataset.branch_range('retain'))) == {3}
    assert not SwapDataset(dict(retain=Numbers(3))).in_equal_shares


def test_a_data_set_without_images_has_no_share():
    dataset = make(6, 0)
    counts = seen(SwapSampler(dataset, retain=1, target=1, seed=2), 12)
    assert of(counts, range(6)) == [2] * 6


def test_all_ranks_together_see_what_one_process_would(monkeypatch):
    dataset = make(12, 5)

    def sampler(rank, world, retain):
        monkeypatch.setattr('mmswap.datasets.swap_sampler.get_dist_info',
                            lambda: (rank, world))
        return SwapSampler(dataset, retain=retain, target=retain, seed=2)

    whole = seen(sampler(0, 1, 2), 48)
    ranks = [seen(sampler(rank, 2, 1), 24) for rank in range(2)]
    assert ranks[0] + ranks[1] == whole
    # Not the old images for one and the new ones for the other.
    _, new = dataset.branch_parts('retain')
    assert all(sum(of(counts, new)) > 4 for counts in ranks)


def test_resuming_goes_on_in_the_same_pass():
    dataset = make(12, 5)
    whole = SwapSampler(dataset, retain=3, target=1, seed=2)
    later = SwapSampler(dataset, retain=3, target=1, seed=2)
    later.skip(4 * 11)
    whole.endless = later.endless = True
    assert list(islice(whole, 44, 160)) == list(islice(later, 116))


@pytest.mark.parametrize('arguments, message', [
    (dict(), 'retain must be a number'),
    (dict(retain=2), 'target must be a number'),
    (dict(retain=2, target=0), 'target must be a number .* 0'),
    (dict(retain=2, target=True), 'target must be .* True'),
    (dict(retain=2, target=1, branch_sizes=dict(retain=2, forget=1)),
     'branch_sizes must be left out'),
    (dict(retain=2, target=1, shares=dict(learn=(1, 1))), 'shares must be of'),
    (dict(retain=2, target=1, shares=dict(retain=(1, ))),
     'shares.retain must'),
    (dict(retain=2, target=1, shares=dict(retain=(1, 0))),
     'shares.retain must'),
    (dict(retain=2, target=1, shares=dict(retain=3)), 'shares.retain must'),
])
def test_wrong_numbers(arguments, message):
    with pytest.raises(ValueError, match=f'sampler.{message}'):
        SwapSampler(make(4, 2), **arguments)


def test_retain_and_target_are_for_two_branches():
    three = SwapDataset(dict(retain=Numbers(2), a=Numbers(2), b=Numbers(2)))
    with pytest.raises(ValueError, match='branch_sizes must have a size'):
        SwapSampler(three, retain=1, target=1)
