import copy

import pytest

from mmswap.tasks.detection import InstanceLabels

CROWDHUMAN_MASK = dict(bbox_label=-1, ignore_flag=1, bbox=[4])
INFO = dict(
    img_id=7,
    instances=[
        dict(bbox_label=5, ignore_flag=0, bbox=[0]),
        dict(bbox_label=6, ignore_flag=0, bbox=[1]),
        dict(bbox_label=6, ignore_flag=1, bbox=[2]),
        dict(bbox_label=8, bbox=[3]),
        CROWDHUMAN_MASK,
    ])
LABEL_MAP = {5: 0, 6: 1}


instance_labels = InstanceLabels(dataset=None, table=None)


def test_matches_instances_only():
    assert InstanceLabels.matches(INFO)
    assert InstanceLabels.matches(dict(instances=[]))
    assert not InstanceLabels.matches(dict(gt_label=3))
    assert not InstanceLabels.matches(dict(instances=[], segments_info=[]))


def test_labels_of():
    only_crowd = dict(instances=INFO['instances'][2:3])
    assert instance_labels.labels_of(INFO) == {5, 6, 8}
    assert instance_labels.labels_of(only_crowd) == set()
    assert instance_labels.labels_of(only_crowd, with_ignored=True) == {6}


@pytest.mark.parametrize('others', ['strip', 'drop'])
def test_select_leaves_out_the_others(others):
    selected = instance_labels.select(INFO, LABEL_MAP, {0}, others)
    assert selected == dict(
        img_id=7,
        instances=[
            dict(bbox_label=0, ignore_flag=0, bbox=[0]), CROWDHUMAN_MASK
        ])


def test_select_ignores_the_others():
    selected = instance_labels.select(INFO, LABEL_MAP, {0}, 'ignore')
    assert selected['instances'] == [
        dict(bbox_label=0, ignore_flag=0, bbox=[0]),
        dict(bbox_label=1, ignore_flag=1, bbox=[1]),
        dict(bbox_label=1, ignore_flag=1, bbox=[2]),
        dict(bbox_label=-1, ignore_flag=1, bbox=[3]),
        CROWDHUMAN_MASK,
    ]


def test_select_keeps_a_kept_crowd_ignored():
    selected = instance_labels.select(INFO, LABEL_MAP, {1}, 'strip')
    flags = [i['ignore_flag'] for i in selected['instances'][:2]]
    assert flags == [0, 1]


@pytest.mark.parametrize('others', ['strip', 'ignore'])
def test_select_changes_nothing_in_place(others):
    info = copy.deepcopy(INFO)
    selected = instance_labels.select(info, LABEL_MAP, {0, 1}, others)
    for instance in selected['instances']:
        instance['bbox_label'] = 99
    assert info == INFO
