import pytest

from mmswap.datasets import instance_labels
from mmswap.datasets.label_kinds import LABEL_KINDS, kept_labels, label_kind

LABEL_MAP = {5: 0, 6: 1}


def info(*labels, crowds=()):
    return dict(instances=[
        *(dict(bbox_label=label, ignore_flag=0) for label in labels),
        *(dict(bbox_label=label, ignore_flag=1) for label in crowds)
    ])


@pytest.mark.parametrize('extra', [{}, dict(seg_map_path=None)])
def test_instances_are_found(extra):
    assert label_kind(dict(instances=[], **extra)) is instance_labels


@pytest.mark.parametrize('extra, what', [
    (dict(segments_info=[]), 'panoptic segments'),
    (dict(seg_map_path='a.png'), 'semantic maps'),
    (dict(text=('cat', )), 'class names as a prompt'),
])
def test_instances_beside_other_labels_are_refused(extra, what):
    with pytest.raises(TypeError, match=f'no other labels, got {what}'):
        label_kind(dict(instances=[], **extra))


def test_other_kinds_are_refused():
    with pytest.raises(
            TypeError, match=r"got the keys \['gt_label', 'img_path'\]"):
        label_kind(dict(img_path='a.png', gt_label=3))


@pytest.mark.parametrize('kind', LABEL_KINDS)
def test_each_kind_has_the_functions(kind):
    for name in ('matches', 'labels_of', 'select'):
        assert callable(getattr(kind, name))


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
def test_kept_labels(data_info, others, expected):
    assert kept_labels(data_info, LABEL_MAP, {0}, others) == expected
