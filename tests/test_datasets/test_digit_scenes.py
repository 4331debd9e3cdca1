import json

import cv2
import numpy as np
import pytest
from pycocotools.coco import COCO

from mmswap.datasets import digit_scenes
from mmswap.datasets.digit_scenes import (
    CLASSES,
    FORGET,
    NUM_BASE,
    make_digit_scenes,
    make_scene,
)

COUNTS = dict(base=4, learn=3, val=5, size=96)
LABELS = dict(base=range(8), learn=(8, 9), val=range(10))


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('digits')
    make_digit_scenes(folder, seed=3, **COUNTS)
    return folder


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob('*')) if path.is_file()
    }


def test_the_seed_decides(root, tmp_path):
    make_digit_scenes(tmp_path / 'same', seed=3, **COUNTS)
    make_digit_scenes(tmp_path / 'other', seed=4, **COUNTS)
    first = contents(root)
    assert contents(tmp_path / 'same') == first
    other = contents(tmp_path / 'other')
    assert other.keys() == first.keys()
    assert all(other[name] != first[name] for name in first)


def test_a_set_does_not_depend_on_the_size_of_the_others(root, tmp_path):
    make_digit_scenes(tmp_path, seed=3, **{**COUNTS, 'base': 1, 'learn': 1})
    for name, content in contents(tmp_path).items():
        if 'val' in name:
            assert content == contents(root)[name]


@pytest.mark.parametrize('name', LABELS)
def test_annotations_load_with_pycocotools(root, name):
    coco = COCO(str(root / f'annotations/{name}.json'))
    assert len(coco.getImgIds()) == COUNTS[name]
    assert [c['name'] for c in coco.loadCats(coco.getCatIds())
            ] == [CLASSES[label] for label in LABELS[name]]
    assert len(coco.getAnnIds()) >= COUNTS[name]


@pytest.mark.parametrize('name', LABELS)
def test_masks_boxes_and_maps_agree(root, name):
    coco = COCO(str(root / f'annotations/{name}.json'))
    for image in coco.loadImgs(coco.getImgIds()):
        file = image['file_name']
        picture = cv2.imread(str(root / f'images/{name}/{file}'))
        semantic = cv2.imread(
            str(root / f'semantic/{name}/{file}'), cv2.IMREAD_UNCHANGED)
        assert picture.shape == (96, 96, 3)
        assert semantic.shape == (image['height'], image['width']) == (96, 96)
        covered = np.zeros((96, 96), bool)
        for ann in coco.loadAnns(coco.getAnnIds(image['id'])):
            mask = coco.annToMask(ann).astype(bool)
            ys, xs = np.nonzero(mask)
            x, y, w, h = ann['bbox']
            assert (x, y) == (xs.min(), ys.min())
            assert (x + w, y + h) == (xs.max() + 1, ys.max() + 1)
            assert ann['area'] == mask.sum()
            assert CLASSES[ann['category_id'] - 1] == coco.cats[
                ann['category_id']]['name']
            # Where later digits overlap, the map shows the later one.
            own = semantic[mask] == ann['category_id'] - 1
            assert own.mean() > 0.5
            covered |= mask
        assert np.array_equal(covered, semantic != 255)


def test_validation_hands_never_stand_in_training_scenes():
    from sklearn.datasets import load_digits
    train = digit_scenes._written_digits(validation=False)
    val = digit_scenes._written_digits(validation=True)
    for digit in range(10):
        ours = {image.tobytes() for image in train[digit]}
        others = {image.tobytes() for image in val[digit]}
        assert ours and others
        assert not ours & others
    total = sum(len(images) for d in (train, val) for images in d.values())
    assert total == len(load_digits().images)


@pytest.mark.parametrize('name, validation', [('base', False),
                                              ('learn', False), ('val', True)])
def test_each_set_asks_for_its_own_hands(monkeypatch, tmp_path, name,
                                         validation):
    asked = []
    written = digit_scenes._written_digits
    monkeypatch.setattr(digit_scenes, '_written_digits',
                        lambda v: asked.append(v) or written(v))
    make_digit_scenes(tmp_path, base=1, learn=1, val=1, size=64)
    assert asked[list(LABELS).index(name)] is validation


def test_scene_shows_the_written_digits():
    full = {0: np.ones((1, 8, 8)), 1: np.zeros((1, 8, 8))}
    full[1][0, 2:6, 3:5] = 1
    rng = np.random.default_rng(0)
    image, objects = make_scene(full, [0, 1], 96, rng)
    assert image.shape == (96, 96, 3) and image.dtype == np.uint8
    assert [obj['label'] for obj in objects] == [0, 1]
    square, bar = objects
    assert square['mask'].sum() == square['bbox'][2] * square['bbox'][3]
    assert bar['bbox'][3] > bar['bbox'][2]
    # Ink is brighter than 160, the brightest background.
    assert image[square['mask']].min() >= 165


def test_digits_without_room_are_left_out():
    full = {0: np.ones((1, 8, 8))}
    _, objects = make_scene(full, [0] * 20, 64, np.random.default_rng(0))
    assert 1 <= len(objects) < 20


def test_a_finished_folder_is_left_alone_and_an_other_recipe_is_not(tmp_path):
    recipe = dict(seed=0, base=1, learn=1, val=1, size=64)
    make_digit_scenes(tmp_path, **recipe)
    annotations = tmp_path / 'annotations/base.json'
    annotations.write_text('touched')
    make_digit_scenes(tmp_path, **recipe)
    assert annotations.read_text() == 'touched'
    make_digit_scenes(tmp_path, **{**recipe, 'seed': 1})
    assert json.loads(annotations.read_text())['images']


def test_an_interrupted_run_is_noticed(tmp_path):
    recipe = dict(seed=0, base=1, learn=1, val=1, size=64)
    make_digit_scenes(tmp_path, **recipe)
    expected = contents(tmp_path)
    (tmp_path / 'scenes.json').unlink()
    (tmp_path / 'annotations/val.json').unlink()
    make_digit_scenes(tmp_path, **recipe)
    assert contents(tmp_path) == expected


@pytest.mark.parametrize('recipe', [
    dict(size=63),
    dict(base=0),
    dict(learn=0),
    dict(val=-1),
])
def test_bad_recipes(tmp_path, recipe):
    with pytest.raises(ValueError, match='size must be at least 64 and every'):
        make_digit_scenes(tmp_path, **recipe)


def test_names():
    assert len(CLASSES) == 10
    assert set(FORGET) < set(CLASSES[:NUM_BASE])
