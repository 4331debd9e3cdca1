"""Ignored objects vanish from the image, and nothing else does."""
import json
from pathlib import Path

import numpy as np
import pytest
from coco_files import CLASSES, PIPELINE
from mmdet.structures.bbox import HorizontalBoxes
from mmengine.registry import DATASETS

from mmswap.datasets import EraseIgnored


def results(ignored, boxes=((1, 2, 5, 6), (3, 3, 9, 8))):
    return dict(
        img=np.full((10, 12, 3), 7, np.uint8),
        gt_bboxes=HorizontalBoxes(np.array(boxes, np.float32)),
        gt_ignore_flags=np.array(ignored))


def test_the_box_of_an_ignored_object_is_filled():
    given = results([True, False])
    got = EraseIgnored(fill=(1, 2, 3)).transform(given)
    wanted = np.full((10, 12, 3), 7)
    wanted[2:6, 1:5] = (1, 2, 3)
    wanted[3:8, 3:9] = 7  # What lies in another object's box stays.
    assert np.array_equal(got['img'], wanted)
    assert (given['img'] == 7).all()
    assert got['gt_bboxes'] is given['gt_bboxes']


def test_without_ignored_objects_all_stays():
    given = results([False, False])
    assert EraseIgnored().transform(given) is given


@pytest.mark.parametrize('box', [(-3, -2, 4, 3), (8, 7, 40, 40)])
def test_boxes_reach_beyond_the_image(box):
    got = EraseIgnored().transform(results([True], [box]))
    left, top, right, bottom = np.clip(box, 0, (12, 10, 12, 10))
    assert (got['img'] == 114).all(2).sum() == (right - left) * (bottom - top)


def test_in_the_pipeline_of_a_subset(coco):
    cfg = coco([['cat', dict(name='dog', iscrowd=1)]], pictures=True,
               pipeline=[*PIPELINE[:2], dict(type='mmswap.EraseIgnored'),
                         PIPELINE[2]])
    path = Path(cfg['data_root'], cfg['ann_file'])
    content = json.loads(path.read_text())
    content['annotations'][0]['bbox'] = [20, 10, 5, 5]  # All have one box.
    path.write_text(json.dumps(content))
    dataset = DATASETS.build(dict(
        type='mmswap.ClassSubset', classes=CLASSES, keep='all', dataset=cfg))
    image = dataset[0]['inputs'].numpy()
    assert (image[:, 2:10, 1:11] == 114).all()
    assert (image == 114).all(0).sum() == 80
