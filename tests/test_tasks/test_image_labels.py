"""Subsets of mmpretrain's data sets, through its own pipeline."""
import json
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from coco_files import CLASSES, NAMES
from mmpretrain.datasets import BaseDataset
from mmpretrain.registry import DATASETS

from mmswap.datasets import ClassSubset
from mmswap.tasks.image import ImageLabels

PIPELINE = [
    dict(type='mmcv.LoadImageFromFile'),
    dict(type='mmpretrain.PackInputs')
]


@DATASETS.register_module(force=True)
class ToyArrays(BaseDataset):
    """Labels as mmpretrain's MNIST has them, arrays of no dimension."""

    METAINFO = dict(classes=('owl', 'cat', 'dog'))

    def load_data_list(self):
        return [
            dict(img=np.zeros((2, 2)), gt_label=np.array(i % 3, np.int64))
            for i in range(6)
        ]


@pytest.fixture
def folders(tmp_path):
    """Folders of pictures; the picture's value tells its class."""
    for name in (*NAMES, 'zebra'):
        (tmp_path / name).mkdir()
        for i in range(2):
            value = 10 * (*NAMES, 'zebra').index(name)
            cv2.imwrite(str(tmp_path / f'{name}/{i}.png'),
                        np.full((2, 2, 3), value, np.uint8))
    return dict(
        type='mmpretrain.CustomDataset',
        data_prefix=str(tmp_path),
        pipeline=PIPELINE)


def content(subset):
    """(name in the picture, name of the label) of each image."""
    samples = [subset[i] for i in range(len(subset))]
    return [((*NAMES, 'zebra')[int(s['inputs'].unique()) // 10],
             NAMES[int(s['data_samples'].gt_label)]) for s in samples]


@pytest.mark.parametrize('others', ['strip', 'ignore', 'drop'])
@pytest.mark.parametrize('keep, names', [('retain', ['cat', 'cow']),
                                         ('learn', ['fox', 'owl']),
                                         ('all', sorted(NAMES))])
def test_images_of_other_classes_go(folders, keep, names, others):
    subset = ClassSubset(folders, CLASSES, keep, others)
    # mmpretrain numbers folders by alphabet, the class table does not.
    assert content(subset) == [(name, name) for name in names
                               for _ in range(2)]


def test_a_full_test_set_has_no_image_without_a_label(folders):
    subset = ClassSubset({**folders, 'test_mode': True}, CLASSES, 'all')
    assert len(subset) == 2 * len(NAMES)


def test_labels_that_are_arrays():
    table = dict(base=['dog', 'cat'], learn=['owl'])
    subset = ClassSubset(
        dict(type='mmpretrain.ToyArrays', ann_file=''), table, 'all')
    assert [subset.get_data_info(i)['gt_label'] for i in range(3)] == [2, 1, 0]
    assert [subset.get_cat_ids(i) for i in range(3)] == [[2], [1], [0]]


def test_two_labels_of_one_name(folders):
    names = ('cat', 'cow', 'dog', 'cat', 'owl', 'zebra')
    cfg = {**folders, 'metainfo': dict(classes=names)}
    with pytest.raises(ValueError, match=r"once, got \['cat'\] more than"):
        ClassSubset(cfg, CLASSES, 'retain')


def test_shots(folders):
    subset = ClassSubset(folders, CLASSES, ['retain', 'learn'], shots=1)
    assert [name for name, _ in content(subset)] == ['cat', 'cow', 'fox',
                                                     'owl']


@pytest.fixture
def lists(tmp_path):
    """A data set of mmpretrain with lists of labels."""

    def make(*images):
        names = ('zebra', *NAMES)
        path = tmp_path / 'ann.json'
        path.write_text(
            json.dumps(
                dict(
                    metainfo=dict(classes=names),
                    data_list=[
                        dict(
                            img_path=f'{i}.png',
                            gt_label=[names.index(n) for n in labels])
                        for i, labels in enumerate(images)
                    ])))
        return dict(type='mmpretrain.MultiLabelDataset', ann_file=str(path))

    return make


def labels_in(subset):
    return [[NAMES[label] for label in subset.get_data_info(i)['gt_label']]
            for i in range(len(subset))]


def test_lists_of_labels(lists):
    cfg = lists(['cat', 'dog', 'cow'], ['dog'], ['zebra', 'cow'], [], ['cow'])
    assert labels_in(ClassSubset(cfg, CLASSES, 'retain')) == [['cat', 'cow'],
                                                              ['cow'], ['cow']]
    assert labels_in(ClassSubset(cfg, CLASSES, 'retain', 'drop')) == [['cow']]
    # An image without any label tests for negatives.
    full = ClassSubset({**cfg, 'test_mode': True}, CLASSES, 'all')
    assert labels_in(full) == [['cat', 'dog', 'cow'], ['dog'], ['cow'], [],
                               ['cow']]


def test_a_label_in_a_list_cannot_be_ignored(lists):
    with pytest.raises(
            ValueError, match="'strip' or 'drop' for .*MultiLabelDataset"):
        ClassSubset(lists(['cat']), CLASSES, 'retain', 'ignore')


def test_difficult_labels_are_seen_and_renumbered():
    labels = ImageLabels(SimpleNamespace(), table=None)
    info = dict(gt_label=[1], gt_label_difficult=[2, 3])
    label_map = {1: 4, 2: 0}
    assert labels.kept(info, label_map, {0, 4}, 'strip') == {4}
    assert labels.kept(info, label_map, {0, 4}, 'drop') is None
    assert labels.select(info, label_map, {0, 4}, 'strip') == dict(
        gt_label=[4], gt_label_difficult=[0])
    assert info == dict(gt_label=[1], gt_label_difficult=[2, 3])
