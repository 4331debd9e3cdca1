"""Tiny COCO data sets that tests write and wrap, and their fixtures."""
import json
from typing import Any, Callable, Dict, List, Sequence, Union

import cv2
import numpy as np
import pytest
from mmdet.utils import register_all_modules
from mmengine.registry import DefaultScope

CLASSES = dict(
    base=['cat', 'dog', 'cow'], learn=['owl', 'fox'], forget=['dog'])
# The table's labels: cat 0, dog 1, cow 2, owl 3, fox 4.
NAMES = ('cat', 'dog', 'cow', 'owl', 'fox')
PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='PackDetInputs')
]


def write_coco(path,
               images: Sequence[Sequence[Union[str, Dict[str, Any]]]],
               categories: Sequence[str] = NAMES) -> None:
    """Write a COCO json.

    Args:
        path: Where to write it.
        images: For each image its annotations, each a category name or a
            dict with ``name`` and further keys of a COCO annotation.
        categories: Names in the order of the file. Their ids are made up so
            that neither id nor order tells a label: 70, 60, 50, ...
    """
    ids = {name: 70 - 10 * i for i, name in enumerate(categories)}
    annotations: List[dict] = []
    for number, objects in enumerate(images):
        for obj in objects:
            obj = dict(name=obj) if isinstance(obj, str) else dict(obj)
            annotations.append(
                dict(
                    id=len(annotations) + 1,
                    image_id=100 + number,
                    category_id=ids[obj.pop('name')],
                    bbox=[1, 2, 10, 8],
                    area=80,
                    **{
                        'iscrowd': 0,
                        **obj
                    }))
    path.write_text(
        json.dumps(
            dict(
                images=[
                    dict(
                        id=100 + number,
                        file_name=f'{number}.png',
                        width=32,
                        height=24) for number in range(len(images))
                ],
                annotations=annotations,
                categories=[
                    dict(id=ids[name], name=name) for name in categories
                ])))


def coco_maker(folder) -> Callable[..., dict]:
    """What writes a data set and returns the config of a CocoDataset.

    ``make(images, categories=..., classes=..., pictures=False, **kwargs)``;
    see :func:`write_coco`. ``classes`` is what ``metainfo`` says, and
    ``kwargs`` are further keys of the config.
    """
    count = iter(range(100))

    def make(images,
             categories=NAMES,
             classes=NAMES,
             pictures=False,
             **kwargs) -> dict:
        root = folder / f'set{next(count)}'
        root.mkdir()
        write_coco(root / 'ann.json', images, categories)
        for number in range(len(images) if pictures else 0):
            picture = np.full((24, 32, 3), number, np.uint8)
            cv2.imwrite(str(root / f'{number}.png'), picture)
        return dict(
            type='CocoDataset',
            data_root=str(root),
            ann_file='ann.json',
            data_prefix=dict(img=''),
            metainfo=dict(classes=classes),
            **kwargs)

    return make


@pytest.fixture(autouse=True)
def mmdet_scope():
    """The default scope of a run with an mmdet config."""
    register_all_modules(init_default_scope=False)
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield


@pytest.fixture
def coco(tmp_path) -> Callable[..., dict]:
    """See :func:`coco_maker`."""
    return coco_maker(tmp_path)
