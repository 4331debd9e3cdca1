"""Semantic subsets: mmseg's own pipeline against numpy on class names."""
import pickle

import cv2
import numpy as np
import pytest
from coco_files import CLASSES, NAMES
from mmseg.datasets import BaseSegDataset
from mmseg.datasets.transforms import LoadAnnotations
from mmseg.registry import DATASETS

from mmswap.datasets import ClassSubset
from mmswap.tasks.semantic import SemanticLabels

# As the maps number them. None of these labels is that of the class table.
IN_FILES = ('zebra', 'fox', 'cat', 'cow', 'owl', 'dog')
VOID = 200
PIPELINE = [dict(type='mmseg.LoadAnnotations')]
# Each image: the names of its four quarters; None is void.
IMAGES = (('cat', 'dog', 'cow', None), ('owl', 'owl', 'owl', 'cat'),
          ('dog', 'zebra', None, None), ('fox', 'fox', 'fox', 'fox'),
          (None, None, None, None), ('cow', 'cow', None, 'cow'))
KEPT = dict(
    retain={'cat', 'cow'}, forget={'dog'}, learn={'owl', 'fox'},
    all=set(NAMES))


@DATASETS.register_module(force=True)
class ToyAnimals(BaseSegDataset):
    METAINFO = dict(
        classes=IN_FILES, palette=[(i, i, i) for i in range(len(IN_FILES))])


@pytest.fixture
def animals(tmp_path):
    """Write the images; ``animals(**kwargs)`` is the config of their set."""

    def make(images=IMAGES, reduce_zero_label=False, **kwargs):
        for folder in ('img', 'maps'):
            (tmp_path / folder).mkdir(exist_ok=True)
        for number, names in enumerate(images):
            values = [
                VOID if name is None else IN_FILES.index(name) +
                reduce_zero_label for name in names
            ]
            seg_map = np.kron(
                np.array(values, np.uint8).reshape(2, 2),
                np.ones((3, 4), np.uint8))
            cv2.imwrite(str(tmp_path / f'maps/{number}.png'), seg_map)
            cv2.imwrite(str(tmp_path / f'img/{number}.png'), seg_map)
        return {
            'type': 'mmseg.ToyAnimals',
            'data_root': str(tmp_path),
            'img_suffix': '.png',
            'data_prefix': dict(img_path='img', seg_map_path='maps'),
            'pipeline': PIPELINE,
            'reduce_zero_label': reduce_zero_label,
            # Serializing collects garbage, which takes most of the time.
            'serialize_data': False,
            **kwargs
        }

    return make


def expected(names, keep):
    """The map that an image should have, by the names of its quarters."""
    values = [NAMES.index(n) if n in KEPT[keep] else 255 for n in names]
    return np.kron(np.array(values).reshape(2, 2), np.ones((3, 4), int))


@pytest.mark.parametrize('keep', KEPT)
@pytest.mark.parametrize('classes, others', [(None, 'strip'),
                                             (None, 'ignore'),
                                             (NAMES, 'strip'),
                                             (NAMES[::-1], 'strip')])
@pytest.mark.parametrize('reduce_zero_label', [False, True])
def test_the_stock_loader_gives_the_maps_of_the_subset(
        animals, reduce_zero_label, classes, keep, others):
    extra = dict(metainfo=dict(classes=classes)) if classes else {}
    cfg = animals(reduce_zero_label=reduce_zero_label, **extra)
    subset = ClassSubset(cfg, CLASSES, keep, others)
    images = [names for names in IMAGES if KEPT[keep] & set(names)]
    assert len(subset) == len(images)
    for sample, names in zip((subset[i] for i in range(len(subset))), images):
        assert np.array_equal(sample['gt_seg_map'], expected(names, keep))


def test_labels_of_images(animals):
    subset = ClassSubset(animals(), CLASSES, ['retain', 'learn'])
    assert [subset.get_cat_ids(i)
            for i in range(len(subset))] == [[0, 2], [0, 3], [4], [2]]


def test_pixels_of_a_class_taken_for_another(animals):
    images = [('cat', 'dog', 'owl', 'zebra'), ('dog', 'dog', 'dog', 'dog')]
    subset = ClassSubset(
        animals(images), CLASSES, 'retain',
        rename=dict(dog='cat', zebra='cow'))
    assert len(subset) == 2
    for sample, names in zip((subset[0], subset[1]), (
            ('cat', 'cat', 'owl', 'cow'), ('cat', 'cat', 'cat', 'cat'))):
        assert np.array_equal(sample['gt_seg_map'],
                              expected(names, 'retain'))


def test_drop_sees_classes_outside_the_table_too(animals):
    images = [('cat', 'dog', 'cat', 'cat'), ('cat', 'zebra', 'cat', 'cat'),
              ('cat', None, None, 'cow')]
    subset = ClassSubset(animals(images), CLASSES, 'retain', 'drop')
    assert len(subset) == 1
    assert np.array_equal(subset[0]['gt_seg_map'],
                          expected(images[2], 'retain'))


def test_maps_without_a_split(animals):
    subset = ClassSubset(animals(), CLASSES, 'retain', without='forget')
    # Of cat and dog, owl and cat, and cow.
    assert [subset.get_cat_ids(i) for i in range(len(subset))] == [[0], [2]]


def test_values_without_a_class_do_not_become_learned_ones(animals):
    """Value 200 is nothing here; 6 would be the label of a sixth class."""
    cfg = animals()
    path = f'{cfg["data_root"]}/maps/0.png'
    cv2.imwrite(path, np.array([[2, 6], [7, 255]], np.uint8))
    table = dict(base=NAMES, learn=['a', 'b', 'c'])
    seg_map = ClassSubset(cfg, table, 'all')[0]['gt_seg_map']
    assert seg_map.tolist() == [[0, 255], [255, 255]]


@pytest.mark.parametrize('keep, others', [('all', 'strip'),
                                          ('retain', 'drop')])
def test_classes_that_the_data_set_hides(animals, keep, others):
    cfg = animals(metainfo=dict(classes=('cat', 'cow', 'dog')))
    with pytest.raises(ValueError, match='must name .*owl.* too'):
        ClassSubset(cfg, CLASSES, keep, others)
    assert len(ClassSubset(cfg, CLASSES, 'retain')) == 3


def test_empty_images_stay_in_a_full_test_set(animals):
    subset = ClassSubset(animals(test_mode=True), CLASSES, 'all')
    assert len(subset) == len(IMAGES)
    assert set(subset[4]['gt_seg_map'].ravel()) == {255}


def test_each_map_is_read_once_for_all_subsets(animals, monkeypatch):
    cfg = animals()
    reads = []
    load = LoadAnnotations._load_seg_map
    monkeypatch.setattr(
        LoadAnnotations, '_load_seg_map', lambda self, results: reads.append(
            results['seg_map_path']) or load(self, results))
    for keep in ('retain', 'forget', 'learn'):
        ClassSubset(cfg, CLASSES, keep)
    assert sorted(reads) == [
        f'{cfg["data_root"]}/maps/{i}.png' for i in range(len(IMAGES))
    ]
    # With other values: reduce_zero_label counts them otherwise.
    ClassSubset({**cfg, 'reduce_zero_label': True}, CLASSES, 'retain')
    assert len(reads) == 2 * len(IMAGES)


def test_a_missing_map(animals):
    cfg = animals()
    cfg['data_prefix']['seg_map_path'] = 'img2'
    with pytest.raises(
            FileNotFoundError,
            match=r"got none at '.*img2/0\.png' for '.*img/0\.png'"):
        ClassSubset(cfg, CLASSES, 'retain')


def test_a_pipeline_that_loads_no_map(animals):
    cfg = animals(pipeline=[dict(type='mmcv.LoadImageFromFile')])
    with pytest.raises(ValueError, match=r"got \['LoadImageFromFile'\]"):
        ClassSubset(cfg, CLASSES, 'retain')


def test_an_other_ignore_index_is_refused(animals):
    with pytest.raises(ValueError, match='ignore_index must be 255.* got 0'):
        ClassSubset(animals(ignore_index=0), CLASSES, 'retain')


def test_a_data_set_without_maps_is_refused(animals):
    cfg = animals(data_prefix=dict(img_path='img'))
    with pytest.raises(TypeError, match='got the keys'):
        ClassSubset(cfg, CLASSES, 'retain')


def test_shots(animals):
    subset = ClassSubset(animals(), CLASSES, 'retain', shots=1)
    held = [subset.get_cat_ids(i) for i in range(len(subset))]
    assert 1 <= len(held) <= 2 and set(sum(held, [])) == {0, 2}


def test_the_data_set_is_not_changed(animals):
    dataset = DATASETS.build(animals())
    own = [dataset[i]['gt_seg_map'] for i in range(len(dataset))]
    ClassSubset(dataset, CLASSES, 'retain')[0]
    for i, seg_map in enumerate(own):
        assert np.array_equal(dataset[i]['gt_seg_map'], seg_map)


def test_pickles_for_spawned_workers(animals):
    subset = ClassSubset(animals(), CLASSES, 'retain')
    copy = pickle.loads(pickle.dumps(subset))
    assert isinstance(copy._labels, SemanticLabels)
    assert np.array_equal(copy[1]['gt_seg_map'], subset[1]['gt_seg_map'])


def test_metainfo_has_no_label_map_of_other_labels(animals):
    cfg = animals(metainfo=dict(classes=NAMES))
    metainfo = ClassSubset(cfg, CLASSES, 'all').metainfo
    assert 'label_map' not in metainfo
    assert metainfo['classes'] == NAMES
    assert metainfo['palette'] == [(i, i, i) for i in (2, 5, 3, 4, 1)]
