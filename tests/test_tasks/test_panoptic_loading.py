"""mmswap's loader of panoptic annotations gives what mmdet's does."""
import copy
import sys
from types import ModuleType

import cv2
import numpy as np
import pytest
from mmdet.datasets.transforms import (
    LoadPanopticAnnotations as StockLoader,
)

from mmswap.registry import TRANSFORMS

# The segments of the three columns of the map. Their ids need all three
# bytes of a colour; the last one is a crowd, and segment 9 is not to be seen.
IDS = (7, 7 * 256 + 1, 3 * 65536 + 2 * 256 + 1)
SEGMENTS = [
    dict(id=IDS[0], category=1, is_thing=True),
    dict(id=IDS[1], category=5, is_thing=False),
    dict(id=IDS[2], category=2, is_thing=False),
    dict(id=9, category=0, is_thing=True),
]


@pytest.fixture
def rgb2id(monkeypatch):
    """The one function that mmdet's loader takes from panopticapi."""

    def convert(colour):
        colour = colour.astype(np.int32)
        return colour[..., 0] + 256 * colour[..., 1] + 65536 * colour[..., 2]

    package = ModuleType('panopticapi')
    package.utils = ModuleType('panopticapi.utils')
    package.utils.rgb2id = convert
    monkeypatch.setitem(sys.modules, 'panopticapi', package)
    monkeypatch.setitem(sys.modules, 'panopticapi.utils', package.utils)


@pytest.fixture
def data_info(tmp_path):
    """An image of 4x8 pixels, the last two columns of it void."""
    ids = np.repeat([[*IDS, 0]], 4, 0).repeat(2, 1)
    path = tmp_path / 'segments.png'
    cv2.imwrite(
        str(path), np.stack([ids >> 16, ids >> 8 & 255, ids & 255], -1))
    instances = [
        dict(bbox=[0, 0, 2, 4], bbox_label=1, ignore_flag=0),
        dict(bbox=[0, 0, 1, 1], bbox_label=0, ignore_flag=1)
    ]
    return dict(
        seg_map_path=str(path), segments_info=SEGMENTS, instances=instances,
        height=4, width=8, ori_shape=(4, 8), img_shape=(4, 8))


def load(loader, data_info):
    return loader(copy.deepcopy(data_info))


def build(**settings):
    return TRANSFORMS.build(
        dict(type='mmswap.LoadPanopticAnnotations', **settings))


@pytest.mark.parametrize('settings', [
    {},
    dict(with_bbox=False, with_label=False),
    dict(with_mask=False),
    dict(with_seg=False),
    dict(box_type=None),
])
def test_same_as_the_stock_loader(rgb2id, data_info, settings):
    found = load(build(**settings), data_info)
    wanted = load(StockLoader(**settings), data_info)
    assert list(found) == list(wanted)
    for key, value in wanted.items():
        if key == 'gt_masks':
            assert found[key].masks.tolist() == value.masks.tolist()
            assert found[key].masks.dtype == value.masks.dtype
        elif key == 'gt_bboxes' and settings.get('box_type', 'hbox'):
            assert type(found[key]) is type(value)
            assert found[key].numpy().tolist() == value.numpy().tolist()
        elif isinstance(value, np.ndarray):
            assert found[key].tolist() == value.tolist()
            assert found[key].dtype == value.dtype
        else:
            assert found[key] == value


def test_ids_need_all_bytes(data_info):
    results = load(build(), data_info)
    assert results['gt_seg_map'][0].tolist() == [1, 1, 5, 5, 2, 2, 255, 255]
    assert results['gt_masks'].masks.sum((1, 2)).tolist() == [8, 0]


def test_images_without_ground_truth(data_info):
    results = load(build(), {**data_info, 'seg_map_path': None})
    assert 'gt_masks' not in results and 'gt_seg_map' not in results


def test_panopticapi_is_not_needed(data_info, monkeypatch):
    monkeypatch.setitem(sys.modules, 'panopticapi', None)
    assert 'gt_masks' in load(build(), data_info)
    with pytest.raises(ImportError, match='panopticapi is not installed'):
        StockLoader()


def test_it_says_how_it_is_set(data_info):
    text = repr(build(with_seg=False))
    assert text.startswith('LoadPanopticAnnotations(LoadAnnotations(')
    assert 'with_seg=False' in text
