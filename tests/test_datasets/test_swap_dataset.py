import pickle
import random

import numpy as np
import pytest
import torch
from coco_files import CLASSES, NAMES, write_coco
from mmengine.registry import DATASETS as ROOT_DATASETS
from torch.utils.data import Dataset

from mmswap.datasets import ClassSubset, SwapDataset
from mmswap.datasets.seeding import SeededIndex


class Letters(Dataset):
    """A data set that gives its letters one by one."""

    def __init__(self, letters, classes=('a', 'b'), **metainfo):
        self.letters = letters
        self.metainfo = dict(classes=classes, **metainfo)

    def __len__(self):
        return len(self.letters)

    def __getitem__(self, idx):
        return dict(inputs=self.letters[idx])


@pytest.fixture
def swap():
    return SwapDataset(
        dict(
            retain=[Letters('ab'), Letters('cde')],
            learn=Letters('fg'),
            other=(Letters('h'), )))


def test_branches_lie_end_to_end(swap):
    assert len(swap) == 8
    assert [swap[i]['inputs'] for i in range(8)] == list('abcdefgh')
    assert [swap[i]['branch'] for i in range(8)
            ] == ['retain'] * 5 + ['learn'] * 2 + ['other']
    assert swap.branch_range('retain') == range(0, 5)
    assert swap.branch_range('learn') == range(5, 7)
    assert swap.branch_range('other') == range(7, 8)
    assert [len(datasets) for datasets in swap.branches.values()] == [2, 1, 1]


def test_index_from_the_end_and_beyond(swap):
    assert swap[-3] == dict(branch='learn', inputs='f')
    for index in (8, -9):
        with pytest.raises(IndexError):
            swap[index]


def test_the_parts_of_a_branch(swap):
    assert swap.branch_parts('retain') == [range(0, 2), range(2, 5)]
    assert swap.branch_parts('other') == [range(7, 8)]


def test_samples_must_be_dicts():
    class Tuples(Letters):

        def __getitem__(self, idx):
            return self.letters[idx], 0

    with pytest.raises(TypeError, match='train_dataloader.dataset.*tuple'):
        SwapDataset(dict(retain=Tuples('a')))[0]


def test_unknown_branch(swap):
    with pytest.raises(KeyError, match="branch must be one of .*'forget'"):
        swap.branch_range('forget')


def test_builds_configs_and_takes_their_metainfo(coco):
    cfg = coco([['cat'], ['owl'], ['cow', 'owl']])

    def subset(keep):
        return dict(
            type='mmswap.ClassSubset', dataset=cfg, classes=CLASSES, keep=keep)

    built = ClassSubset(cfg, CLASSES, 'retain')
    dataset = ROOT_DATASETS.build(
        dict(
            type='mmswap.SwapDataset',
            branches=dict(retain=[subset('retain'), built],
                          learn=subset('learn'))))
    assert dataset.branches['retain'][1] is built
    assert dataset.metainfo['classes'] == NAMES
    assert dataset.metainfo['swap_classes'] == CLASSES
    assert [len(dataset.branch_range(b)) for b in ('retain', 'learn')
            ] == [4, 2]
    infos = [dataset[i] for i in dataset.branch_range('learn')]
    assert [[o['bbox_label'] for o in info['instances']]
            for info in infos] == [[3], [3]]


def test_lazy_init_reads_on_first_use(coco):
    inner = dict(
        type='mmswap.ClassSubset',
        dataset=coco([['cat']], lazy_init=True),
        classes=CLASSES,
        keep='retain',
        lazy_init=True)
    dataset = SwapDataset(dict(retain=inner), lazy_init=True)
    assert dataset.branches['retain'][0].dataset.data_list == []
    assert dataset.branch_range('retain') == range(1)


def test_pickles(swap):
    copy = pickle.loads(pickle.dumps(swap))
    assert copy[6] == swap[6]


@pytest.mark.parametrize('branches', [[Letters('a')], 'retain'])
def test_branches_must_be_a_dict(branches):
    with pytest.raises(TypeError, match='SwapDataset.branches must be a dict'):
        SwapDataset(branches)


@pytest.mark.parametrize('branches, message', [
    (dict(), 'must have a branch, got none'),
    (dict(retain=[]), 'branches.retain must have a data set'),
    (dict(retain=Letters('')), 'branches.retain must hold an image'),
    (dict(inputs=Letters('a')), "must be named .* got 'inputs'"),
    ({'re-tain': Letters('a')}, "must be named .* got 're-tain'"),
    ({3: Letters('a')}, 'must be named .* got 3'),
])
def test_bad_branches(branches, message):
    with pytest.raises(ValueError, match=message):
        SwapDataset(branches)


@pytest.mark.parametrize('second', [
    Letters('b', classes=('b', 'a')),
    Letters('b', swap_classes=dict(base=['a', 'b'])),
])
def test_data_sets_must_agree_on_the_classes(second):
    with pytest.raises(ValueError, match='must agree on the classes'):
        SwapDataset(dict(retain=Letters('a'), learn=second))
    with pytest.raises(ValueError, match='must agree on the classes'):
        SwapDataset(dict(retain=[Letters('a'), second]))


class Noisy(Letters):
    """Letters with what numpy, Python and torch draw."""

    def __getitem__(self, idx):
        return dict(inputs=(self.letters[idx], np.random.rand(),
                            random.random(), float(torch.rand(()))))


def test_a_draw_seeds_the_transforms_and_nothing_else():
    swap = SwapDataset(dict(retain=Noisy('ab'), learn=Noisy('c')))
    np.random.seed(3)
    wanted = np.random.rand(2)
    np.random.seed(3)
    first = swap[SeededIndex(1, (0, 7))]['inputs']
    assert np.random.rand(2).tolist() == wanted.tolist()
    assert swap[pickle.loads(pickle.dumps(SeededIndex(1, (0, 7))))][
        'inputs'] == first
    other = swap[SeededIndex(1, (0, 8))]['inputs']
    assert other[0] == first[0] == 'b'
    assert all(a != b for a, b in zip(other[1:], first[1:]))
    assert swap[1]['inputs'][1:] != swap[1]['inputs'][1:]


def test_a_file_is_read_once_for_all_branches(tmp_path, monkeypatch):
    """Its annotations are, that is; pipelines stay apart, as some have state.

    CachedMosaic keeps images for the next ones, which must be of its branch.
    """
    from mmdet.datasets import CocoDataset
    path = tmp_path / 'old.json'
    write_coco(path, [['cat'], ['dog'], ['cow', 'cat'], ['cat', 'dog']])
    read = []
    plain = CocoDataset.load_data_list
    monkeypatch.setattr(CocoDataset, 'load_data_list', lambda self: (
        read.append(self.ann_file), plain(self))[1])
    old = dict(type='mmdet.CocoDataset', ann_file=str(path), pipeline=[],
               data_prefix=dict(img=''),
               metainfo=dict(classes=tuple(CLASSES['base'])))
    dataset = SwapDataset(
        phase='forget_first', forgotten='background',
        classes=dict(CLASSES, learn=()), old=old)
    assert len(read) == 1
    retain, shown = dataset.branches['retain']
    forget, = dataset.branches['forget']
    inner = [each.dataset for each in (retain, shown, forget)]
    assert len({id(each.pipeline) for each in inner}) == 3
    assert len({id(each.data_bytes) for each in inner}) == 1
    # As each of them by itself.
    for part in (retain, shown, forget):
        alone = ClassSubset(old, part.class_table, keep=part.keep,
                            showing=part.showing)
        assert [part.get_data_info(i) for i in range(len(part))] == [
            alone.get_data_info(i) for i in range(len(alone))]
    assert len(read) == 4
