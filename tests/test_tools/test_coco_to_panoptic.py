"""Panoptic files from COCO files with masks."""
import json
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

CONVERTERS = Path(__file__).parents[2] / 'tools' / 'dataset_converters'


def box(left, top, right, bottom):
    """A polygon."""
    return [[left, top, right, top, right, bottom, left, bottom]]


def encoded(left, top, right, bottom):
    """A mask, run-length encoded."""
    mask = np.zeros((6, 8), np.uint8, order='F')
    mask[top:bottom, left:right] = 1
    code = coco_mask.encode(mask)
    return dict(size=code['size'], counts=code['counts'].decode())


@pytest.fixture
def convert(tmp_path, monkeypatch):
    """(annotations) -> the panoptic file and the maps by name."""
    monkeypatch.syspath_prepend(str(CONVERTERS))

    def run(annotations):
        coco = dict(
            images=[
                dict(id=i, file_name=f'images/{i}.jpg', width=8, height=6)
                for i in (1, 2)
            ],
            annotations=annotations,
            categories=[dict(id=7, name='auk'), dict(id=9, name='jay')])
        (tmp_path / 'val.json').write_text(json.dumps(coco))
        monkeypatch.setattr(
            sys, 'argv', ['coco_to_panoptic', str(tmp_path / 'val.json')])
        runpy.run_path(
            str(CONVERTERS / 'coco_to_panoptic.py'), run_name='__main__')
        maps = {}
        for path in sorted((tmp_path / 'panoptic_val').rglob('*.png')):
            colours = np.asarray(Image.open(path)).astype(int)
            maps[path.relative_to(tmp_path / 'panoptic_val').as_posix()] = (
                colours @ (1, 256, 256**2)).tolist()
        found = json.loads((tmp_path / 'panoptic_val.json').read_text())
        return found, maps

    return run


def test_segments_and_maps(convert):
    large, small = 70000, 258
    found, maps = convert([
        dict(id=small, image_id=1, category_id=9,
             segmentation=encoded(4, 2, 8, 4)),
        dict(id=large, image_id=1, category_id=7, iscrowd=1,
             segmentation=box(2, 1, 6, 5)),
    ])
    none, front, back = [0] * 8, small, large
    assert maps == {
        # The small one is in front of the large one.
        'images/1.png': [
            none, [0, 0, back, back, back, back, 0, 0],
            [0, 0, back, back, front, front, front, front],
            [0, 0, back, back, front, front, front, front],
            [0, 0, back, back, back, back, 0, 0], none
        ],
        'images/2.png': [none] * 6
    }
    assert found['annotations'] == [
        dict(image_id=1, file_name='images/1.png', segments_info=[
            dict(id=small, category_id=9, area=8, bbox=[4, 2, 4, 2],
                 iscrowd=0),
            dict(id=large, category_id=7, area=12, bbox=[2, 1, 4, 4],
                 iscrowd=1),
        ]),
        dict(image_id=2, file_name='images/2.png', segments_info=[])
    ]
    assert [c['isthing'] for c in found['categories']] == [1, 1]


def test_what_is_hidden_is_left_out(convert):
    found, _ = convert([
        dict(id=i, image_id=2, category_id=7, segmentation=encoded(1, 1, 3, 3))
        for i in (1, 2)
    ])
    assert [s['id'] for s in found['annotations'][1]['segments_info']] == [2]


def test_objects_need_masks_and_ids(convert):
    with pytest.raises(SystemExit, match='cub.py writes them with --masks'):
        convert([dict(id=1, image_id=1, category_id=7, bbox=[1, 1, 2, 2])])
    with pytest.raises(SystemExit, match='must lie between 1 and 16777215'):
        convert([
            dict(id=0, image_id=1, category_id=7,
                 segmentation=box(1, 1, 3, 3))
        ])
