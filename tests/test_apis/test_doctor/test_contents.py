"""What data sets show, whatever they are."""
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.registry import DefaultScope

from mmswap.apis.doctor.contents import (
    built_content,
    coco_content,
    read_coco,
)
from mmswap.apis.doctor.sources import Source, sources_of
from mmswap.class_table import ClassTable

TABLE = ClassTable(('cat', 'dog', 'cow'), ('owl', 'fox'), ('dog', ))


@pytest.fixture
def old(swap):
    """The old images of the swap."""
    from mmengine.config import Config
    cfg = Config.fromfile(swap.configs[0])
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield next(sources_of(cfg))


def test_a_coco_json_and_the_data_set_built_of_it(swap, old):
    """Two ways that have to agree."""
    swap.edit('old', lambda c: c['annotations'].extend([
        dict(c['annotations'][0], id=98, category_id=11),
        dict(c['annotations'][0], id=97, bbox=[2, 3, 0, 9]),
        dict(c['annotations'][0], id=99, iscrowd=1)]))
    assert old.is_coco and old.key == 'train_dataloader.dataset.old'
    read = coco_content(old, read_coco(old.ann_file))
    built = built_content(old, TABLE)
    assert [each._replace(size=None) for each in read.pictures
            ] == built.pictures
    assert built.pictures[0].objects == Counter(cat=1, dog=1)
    assert built.names == read.names == ('cat', 'dog', 'cow')
    assert read.pictures[0].size == (32, 24)
    assert read.has_objects and built.has_objects
    assert all(Path(each.path).is_file() for each in read.pictures)


def test_a_panoptic_json_and_lvis(old):
    content = dict(
        images=[dict(id=5, coco_url='http://x.org/val2017/5.jpg')],
        categories=[dict(id=1, name='cat'), dict(id=2, name='sky')],
        annotations=[dict(image_id=5, file_name='5.png', segments_info=[
            dict(category_id=1), dict(category_id=2),
            dict(category_id=1, iscrowd=1)])])
    source = Source('x', dict(old.cfg, data_root='a', data_prefix=dict(
        img='b', seg='c')))
    read = coco_content(source, content)
    picture, = read.pictures
    assert picture.objects == Counter(cat=1, sky=1)
    assert picture.path == 'a/b/val2017/5.jpg' and read.maps == ('a/c/5.png', )
    assert picture.size is None


def test_images_with_a_label(tmp_path):
    for name in ('cat', 'dog'):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / '1.png'),
                    np.zeros((4, 4, 3), np.uint8))
    source = Source('x', dict(
        type='CustomDataset', data_root='', data_prefix=str(tmp_path),
        pipeline=[]))
    assert not source.is_coco
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        content = built_content(source, TABLE)
    assert [each.objects for each in content.pictures] == [
        Counter(cat=1), Counter(dog=1)]
    assert not content.has_objects and content.names == ('cat', 'dog')


def test_semantic_maps(tmp_path):
    for folder in ('images', 'maps'):
        (tmp_path / folder).mkdir()
    cv2.imwrite(str(tmp_path / 'images/1.jpg'), np.zeros((4, 4, 3), np.uint8))
    cv2.imwrite(str(tmp_path / 'maps/1.png'),
                np.array([[0, 0], [2, 255]], np.uint8))
    source = Source('x', dict(
        type='BaseSegDataset', data_root=str(tmp_path),
        data_prefix=dict(img_path='images', seg_map_path='maps'),
        metainfo=dict(classes=TABLE.base),
        pipeline=[dict(type='LoadAnnotations')]))
    with DefaultScope.overwrite_default_scope('mmseg'):
        content = built_content(source, TABLE)
    picture, = content.pictures
    assert picture.objects == Counter(cat=1, cow=1)
    assert picture.path == str(tmp_path / 'images/1.jpg')


@pytest.mark.parametrize('kind', ['CustomDataset', 'LostDataset'])
def test_a_json_that_is_not_read_as_cocos(kind):
    """mmpretrain's own, and one of a library that is not there."""
    source = Source('x', dict(type=kind, ann_file='a.json'))
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        assert not source.is_coco


def test_the_parts_of_a_phase():
    leaf = dict(type='CocoDataset', data_root='d', ann_file='a.json')
    wrapped = dict(type='RepeatDataset', times=2, dataset=leaf)
    cfg = dict(
        train_dataloader=dict(dataset=dict(
            type='mmswap.SwapDataset', old=wrapped,
            new=dict(ann_file='b.json'))),
        val_dataloader=dict(dataset=dict(
            type='ConcatDataset', datasets=[leaf, leaf])),
        test_dataloader=dict(dataset=leaf))
    found = list(sources_of(cfg))
    assert [(each.key.partition('.')[2], str(each.ann_file))
            for each in found] == [
        ('dataset.old.dataset', 'd/a.json'),
        ('dataset.new.dataset', 'd/b.json'),
        ('dataset.datasets[0]', 'd/a.json')]
    assert [each.is_train for each in found] == [True, True, False]


def test_files_that_are_elsewhere_are_not_looked_for():
    for cfg in (dict(ann_file='s3://bucket/a.json'),
                dict(data_root='http://x/'),
                dict(backend_args=dict(backend='petrel'))):
        assert not Source('x', cfg).is_local
    assert Source('x', dict(ann_file='/a.json', data_root='d')).is_local
    assert str(Source('x', dict(ann_file='/a.json', data_root='d')).ann_file
               ) == '/a.json'
