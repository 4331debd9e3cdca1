"""Panoptic subsets: mmdet's own loader against numpy on class names."""
import json
import sys
from types import ModuleType

import cv2
import numpy as np
import pytest

from mmswap.datasets import ClassSubset

CLASSES = dict(
    base=['cat', 'dog', 'grass'], learn=['owl', 'sky'], forget=['dog'],
    stuff=['grass', 'sky'])
NAMES = ('cat', 'dog', 'owl', 'grass', 'sky')
# Things before stuff, but no label is that of the class table.
IN_FILE = ('zebra', 'owl', 'dog', 'cat', 'sky', 'grass')
STUFF = ('sky', 'grass')
KEPT = dict(
    retain={'cat', 'grass'}, forget={'dog'}, learn={'owl', 'sky'},
    all=set(NAMES))
# Four columns each; a star is a crowd, None is void.
IMAGES = (('cat', 'dog', 'cat', 'grass'), ('owl', 'sky', None, 'grass'),
          ('dog', 'dog', 'cat*', None), ('cat*', 'zebra', 'sky', None),
          (None, None, None, None))
PIPELINE = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadPanopticAnnotations'),
    dict(type='PackDetInputs')
]


@pytest.fixture(autouse=True)
def panopticapi(monkeypatch):
    """What the stock loader takes from panopticapi, which pip has not."""
    utils = ModuleType('panopticapi.utils')
    utils.rgb2id = lambda rgb: rgb.astype(int) @ [1, 256, 65536]
    package = ModuleType('panopticapi')
    package.utils = utils
    monkeypatch.setitem(sys.modules, 'panopticapi', package)
    monkeypatch.setitem(sys.modules, 'panopticapi.utils', utils)


@pytest.fixture
def panoptic(tmp_path):
    """Write the images; the result is the config of their set."""
    images, annotations = [], []
    for number, columns in enumerate(IMAGES):
        images.append(
            dict(id=number, file_name=f'{number}.png', width=8, height=6))
        colours = np.zeros((6, 8, 3), np.uint8)
        segments = []
        for i, name in enumerate(columns):
            if name is None:
                continue
            # A different byte of the id in each column.
            segment_id = 5 * 256**(i % 3) + i
            shifted = [segment_id >> 8 * byte & 255 for byte in (2, 1, 0)]
            colours[:, 2 * i:2 * i + 2] = shifted
            segments.append(
                dict(id=segment_id, iscrowd=int('*' in name), area=12,
                     category_id=10 * IN_FILE.index(name.rstrip('*')),
                     bbox=[2 * i, 0, 2, 6]))
        annotations.append(
            dict(image_id=number, file_name=f'{number}.png',
                 segments_info=segments))
        cv2.imwrite(str(tmp_path / f'{number}.png'), colours)
    categories = [
        dict(id=10 * i, name=name, isthing=int(name not in STUFF))
        for i, name in enumerate(IN_FILE)
    ]
    (tmp_path / 'ann.json').write_text(
        json.dumps(dict(images=images, annotations=annotations,
                        categories=categories)))
    return dict(
        type='CocoPanopticDataset',
        data_root=str(tmp_path),
        ann_file='ann.json',
        data_prefix=dict(img='', seg=''),
        metainfo=dict(classes=IN_FILE),
        serialize_data=False,
        pipeline=PIPELINE)


def columns_of(sample):
    """Names in the semantic map, column by column."""
    seg_map = sample['data_samples'].gt_sem_seg.sem_seg[0]
    return tuple(
        None if label == 255 else NAMES[label]
        for label in seg_map[0, ::2].tolist())


def masks_of(instances):
    """(class name or None, column) of each instance, from its mask."""
    return [(NAMES[label] if label >= 0 else None,
             int(np.flatnonzero(mask.any(0))[0]) // 2)
            for label, mask in zip(instances.labels.tolist(),
                                   instances.masks.masks)]


def expected(keep, others):
    """What the images should hold, by the rules in words."""
    for columns in IMAGES:
        plain = {n for n in columns if n and '*' not in n}
        shown = {n.rstrip('*') for n in columns if n}
        if not plain & KEPT[keep] or (others == 'drop'
                                      and not shown <= KEPT[keep]):
            continue
        names = [n and n.rstrip('*') for n in columns]
        semantic = tuple(n if n in KEPT[keep] else None for n in names)
        things = [(n, i) for i, n in enumerate(columns)
                  if n and n not in STUFF and '*' not in n]
        yield (semantic, [t for t in things if t[0] in KEPT[keep]],
               [(n if n in NAMES else None, i) for n, i in things
                if n not in KEPT[keep] and others == 'ignore'])


@pytest.mark.parametrize('others', ['strip', 'ignore', 'drop'])
@pytest.mark.parametrize('keep', KEPT)
def test_the_stock_loader_gives_the_labels_of_the_subset(
        panoptic, keep, others):
    wanted = list(expected(keep, others))
    if not wanted:
        with pytest.raises(ValueError, match='none is left with'):
            ClassSubset(panoptic, CLASSES, keep, others)
        return
    subset = ClassSubset(panoptic, CLASSES, keep, others)
    found = []
    for i in range(len(subset)):
        sample = subset[i]
        data = sample['data_samples']
        found.append((columns_of(sample), masks_of(data.gt_instances),
                      masks_of(data.ignored_instances)))
    assert found == wanted


def test_the_test_says_something():
    semantic, things, ignored = next(expected('retain', 'ignore'))
    assert semantic == ('cat', None, 'cat', 'grass')
    assert things == [('cat', 0), ('cat', 2)] and ignored == [('dog', 1)]
    assert len(list(expected('forget', 'drop'))) == 0


@pytest.mark.parametrize('others, categories', [('strip', [0, 0, 3]),
                                                ('ignore', [0, 255, 0, 3])])
def test_metrics_can_tell_ignored_segments(panoptic, others, categories):
    info = ClassSubset(panoptic, CLASSES, 'retain', others).get_data_info(0)
    assert [s['category'] for s in info['segments_info']] == categories


def test_labels_of_images(panoptic):
    subset = ClassSubset(panoptic, CLASSES, ['retain', 'learn'])
    assert [subset.get_cat_ids(i)
            for i in range(len(subset))] == [[0, 3], [2, 3, 4], [4]]


@pytest.mark.parametrize('keep', ['retain', 'learn'])
def test_a_file_with_more_classes_than_the_config_names(panoptic, keep):
    # As a base model's config has it: no owl, and no zebra of the file.
    cfg = dict(panoptic, metainfo=dict(classes=('cat', 'dog', 'grass')))
    subset, whole = (ClassSubset(c, CLASSES, keep) for c in (cfg, panoptic))
    assert len(subset) == len(whole)
    for i in range(len(whole)):
        assert subset.get_cat_ids(i) == whole.get_cat_ids(i)


def test_metainfo_tells_things_from_stuff(panoptic):
    metainfo = ClassSubset(panoptic, CLASSES, 'all').metainfo
    assert metainfo['classes'] == NAMES
    assert metainfo['thing_classes'] == ('cat', 'dog', 'owl')
    assert metainfo['stuff_classes'] == ('grass', 'sky')


@pytest.mark.parametrize('stuff, wrong', [
    (['grass'], "\\['sky'\\]"),
    (['owl', 'sky', 'grass'], "\\['owl'\\]"),
    ([], "\\['sky', 'grass'\\]"),
])
def test_stuff_is_what_the_data_set_calls_stuff(panoptic, stuff, wrong):
    table = dict(CLASSES, stuff=stuff)
    with pytest.raises(ValueError, match=f'classes.stuff must .* {wrong} are'):
        ClassSubset(panoptic, table, 'all')


def test_empty_images_stay_in_a_full_test_set(panoptic):
    cfg = dict(panoptic, test_mode=True)
    assert len(ClassSubset(cfg, CLASSES, 'all')) == len(IMAGES)


def test_the_data_set_is_not_changed(panoptic):
    subset = ClassSubset(panoptic, CLASSES, 'retain', 'ignore')
    before = json.dumps(subset.dataset.data_list)
    subset[0]
    assert json.dumps(subset.dataset.data_list) == before


def test_the_digit_scenes_load(tmp_path):
    from mmswap.datasets.digits.scenes import CLASSES as DIGITS
    from mmswap.datasets.digits.scenes import NUM_BASE, make_digit_scenes
    make_digit_scenes(tmp_path, base=1, learn=1, val=2)
    table = dict(
        base=[*DIGITS[:NUM_BASE], 'background'], learn=DIGITS[NUM_BASE:],
        stuff=['background'])
    subset = ClassSubset(
        dict(
            type='CocoPanopticDataset',
            data_root=str(tmp_path),
            ann_file='annotations/panoptic_val.json',
            data_prefix=dict(img='images/val/', seg='panoptic/val/'),
            metainfo=dict(classes=(*DIGITS, 'background')),
            pipeline=PIPELINE), table, 'all')
    assert subset.metainfo['classes'] == (*DIGITS, 'background')
    for i in range(2):
        data = subset[i]['data_samples']
        plain = cv2.imread(
            str(tmp_path / f'semantic/val/{i:05d}.png'), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(data.gt_sem_seg.sem_seg[0],
                              np.where(plain == 255, 10, plain))
        assert len(data.gt_instances.masks) == len(data.gt_instances) >= 2
