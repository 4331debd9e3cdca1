import inspect
from types import SimpleNamespace

import pytest

from mmswap.class_table import ClassTable
from mmswap.datasets.base_labels import BaseLabels
from mmswap.datasets.image_labels import ImageLabels
from mmswap.datasets.instance_labels import InstanceLabels
from mmswap.datasets.label_kinds import LABEL_KINDS, read_labels

TABLE = ClassTable(['cat'])


class Infos(list):
    """A data set of given data infos."""

    ann_file = 'ann.json'
    data_prefix = {}

    def get_data_info(self, idx):
        return self[idx]


@pytest.mark.parametrize('data_info, kind', [
    (dict(instances=[]), InstanceLabels),
    (dict(instances=[], seg_map_path=None), InstanceLabels),
    (dict(gt_label=3), ImageLabels),
    (dict(gt_label=[]), ImageLabels),
])
def test_the_first_image_tells_the_kind(data_info, kind):
    assert type(read_labels(Infos([data_info]), TABLE)) is kind


@pytest.mark.parametrize('data_info, what', [
    (dict(instances=[], seg_map_path='a.png'), 'semantic maps'),
    (dict(instances=[], text=('cat', )), 'class names as a prompt'),
    (dict(gt_label=[1], gt_score=[0, 1]), 'label scores'),
])
def test_labels_beside_others_are_refused(data_info, what):
    with pytest.raises(TypeError, match=f"one kind, got {what}.*'ann.json'"):
        read_labels(Infos([data_info]), TABLE)


@pytest.mark.parametrize('data_info', [
    dict(img_path='a.png', seg_map_path='b.png'),
    dict(img_path='a.png', gt_label=dict(task=1)),
])
def test_other_kinds_are_refused(data_info):
    keys = sorted(data_info)
    with pytest.raises(TypeError, match='got the keys ') as error:
        read_labels(Infos([data_info]), TABLE)
    assert str(keys) in str(error.value)


def test_an_empty_data_set():
    with pytest.raises(ValueError, match="got none in 'ann.json'"):
        read_labels(Infos(), TABLE)


@pytest.mark.parametrize('kind', LABEL_KINDS)
def test_each_kind_is_complete(kind):
    assert issubclass(kind, BaseLabels) and not inspect.isabstract(kind)


LABEL_MAP = {5: 0, 6: 1}


def info(*labels, crowds=()):
    return dict(instances=[
        *(dict(bbox_label=label, ignore_flag=0) for label in labels),
        *(dict(bbox_label=label, ignore_flag=1) for label in crowds)
    ])


@pytest.mark.parametrize('data_info, others, expected', [
    (info(5, 6), 'strip', {0}),
    (info(6), 'strip', set()),
    (info(crowds=[5]), 'strip', set()),
    (info(5, 9), 'ignore', {0}),
    (info(5), 'drop', {0}),
    (info(), 'drop', set()),
    (info(5, 6), 'drop', None),
    (info(5, 9), 'drop', None),
    (info(5, crowds=[6]), 'drop', None),
    (info(5, crowds=[5, -1]), 'drop', {0}),
])
def test_kept(data_info, others, expected):
    labels = InstanceLabels(SimpleNamespace(), TABLE)
    assert labels.kept(data_info, LABEL_MAP, {0}, others) == expected
