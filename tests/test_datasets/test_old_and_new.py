"""First requests, and arguments of the old or the new subsets alone."""
import pytest
from coco_files import CLASSES
from torch.utils.data import Dataset

from mmswap.class_table import ClassTable
from mmswap.datasets import SwapDataset, SwapSampler
from mmswap.datasets.phase_branches import phase_branches

TABLE = ClassTable.from_cfg(CLASSES)
OLD, NEW = dict(type='CocoDataset', ann_file='a'), dict(ann_file='b')


def _shown(phase, **kwargs):
    """Branch to what its subsets are made of."""
    branches = phase_branches(phase, TABLE, OLD, NEW, **kwargs)
    return {name: [(part['dataset']['ann_file'], part['keep'],
                    part.get('shots')) for part in parts]
            for name, parts in branches.items()}


def test_who_forgets_first_retains_the_old_images_alone():
    assert _shown('forget_first') == dict(
        retain=[('a', 'retain', None)], forget=[('a', 'forget', None)])
    assert _shown('forget') == dict(
        retain=[('a', 'retain', None), ('b', 'learn', None)],
        forget=[('a', 'forget', None)])
    # The same without any new data set.
    assert phase_branches('forget_first', TABLE, OLD) == phase_branches(
        'forget_first', TABLE, OLD, NEW)
    with pytest.raises(ValueError, match='train_dataloader.dataset.new must'):
        phase_branches('forget', TABLE, OLD)


def test_arguments_of_the_old_subsets_alone():
    subset = dict(shots=5, old=dict(shots=3))
    assert _shown('learn', subset=subset) == dict(
        retain=2 * [('a', ['retain', 'forget'], 3)],
        learn=[('b', 'learn', 5)])
    assert _shown('forget', subset=subset) == dict(
        retain=[('a', 'retain', 3), ('b', 'learn', 5)],
        forget=[('a', 'forget', 3)])
    subset['retain'] = dict(shots=1)
    assert _shown('forget', subset=subset)['retain'] == [
        ('a', 'retain', 1), ('b', 'learn', 1)]
    with pytest.raises(ValueError, match='train_dataloader.dataset.subset'):
        phase_branches('learn', TABLE, OLD, NEW, dict(old=3))


class Numbers(Dataset):
    """A data set of a length."""

    metainfo = dict(classes=('a', 'b'))

    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length


def test_shares_by_the_lengths():
    dataset = SwapDataset(
        dict(retain=[Numbers(7), Numbers(2)], forget=Numbers(3)))
    dataset.in_equal_shares = True  # As those of old= and new= are.

    def drawn(**kwargs):
        return SwapSampler(
            dataset, retain=1, target=1, **kwargs).draws['retain']

    assert drawn() == [7, 7]
    assert drawn(shares=dict(retain='lengths')) == [7, 2]
    with pytest.raises(ValueError, match='sampler.shares.retain must'):
        drawn(shares=dict(retain='sizes'))
