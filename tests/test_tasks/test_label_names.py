import json
from types import SimpleNamespace

import pytest

from mmswap.class_table import ClassTable
from mmswap.tasks.label_names import (
    label_names,
    map_labels,
    table_metainfo,
)


def dataset(tmp_path, cat_ids, **metainfo):
    path = tmp_path / 'ann.json'
    path.write_text(
        json.dumps(
            dict(categories=[
                dict(id=3, name='owl'),
                dict(id=1, name='cat'),
                dict(id=2, name='dog')
            ])))
    return SimpleNamespace(
        ann_file=str(path), cat_ids=cat_ids, metainfo=metainfo)


def test_names_come_from_the_file(tmp_path):
    found = label_names(dataset(tmp_path, [1, 3], classes=('owl', 'cat')))
    assert found == (('cat', 'owl'), ('dog', ))


def test_names_come_from_the_metainfo_without_category_ids():
    source = SimpleNamespace(ann_file='', metainfo=dict(classes=['a', 'b']))
    assert label_names(source) == (('a', 'b'), ())


def test_a_data_set_without_names():
    source = SimpleNamespace(ann_file='', metainfo={})
    with pytest.raises(ValueError, match=r'must be a dict\(classes=...\)'):
        label_names(source)


def test_map_labels(tmp_path):
    table = ClassTable(['dog', 'cat'], ['fox'])
    source = dataset(tmp_path, [3, 1, 2])
    assert map_labels(source, table, {0, 1}, 'drop') == {1: 1, 2: 0}


@pytest.mark.parametrize('cat_ids, others, lost', [
    ([1, 3], 'strip', r"\['dog'\] too"),
    ([1, 2], 'ignore', r"\['owl'\] too"),
    ([3], 'drop', r"\['cat', 'dog'\] too"),
])
def test_map_labels_refuses_hidden_classes(tmp_path, cat_ids, others, lost):
    table = ClassTable(['dog', 'cat'])
    with pytest.raises(ValueError, match=f'classes must name {lost}'):
        map_labels(dataset(tmp_path, cat_ids), table, {0, 1}, others)


def test_map_labels_need_not_see_what_is_stripped(tmp_path):
    table = ClassTable(['dog', 'cat'])
    source = dataset(tmp_path, [1])
    assert map_labels(source, table, {1}, 'strip') == {0: 1}


def test_a_class_taken_for_another(tmp_path):
    table = ClassTable(['dog', 'cat'], ['fox'])
    source = dataset(tmp_path, [3, 1, 2])
    assert map_labels(source, table, {0, 1}, 'drop',
                      dict(owl='cat', cat='dog')) == {0: 1, 1: 0, 2: 0}
    # What is taken for a kept class must not be hidden.
    with pytest.raises(ValueError, match=r"must name \['cat'\] too"):
        map_labels(dataset(tmp_path, [1, 2]), table, {1}, 'strip',
                   dict(owl='cat'))


@pytest.mark.parametrize('rename, message', [
    (dict(cow='cat'), r"the data set has .*'owl'.* and not \['cow'\]"),
    (dict(owl='cow'), r"the table has \['dog', 'cat'\] and not \['cow'\]"),
])
def test_rename_of_what_there_is_not(tmp_path, rename, message):
    with pytest.raises(ValueError, match=message):
        map_labels(dataset(tmp_path, [3, 1, 2]), ClassTable(['dog', 'cat']),
                   {0}, 'strip', rename)


@pytest.mark.parametrize('palette', [None, [(1, 1, 1)], [(1, 1, 1)] * 2])
def test_metainfo_has_no_palette_that_is_too_short(palette):
    given = dict(classes=('cat', 'dog'), palette=palette, other=3)
    table = ClassTable(['dog', 'cat'], ['owl'], ['cat'])
    assert table_metainfo(given, table, {0, 1, 2}) == dict(
        other=3,
        classes=('dog', 'cat', 'owl'),
        swap_classes=dict(base=['dog', 'cat'], learn=['owl'], forget=['cat']))
    assert given['palette'] is palette


def test_metainfo_palette_follows_the_names():
    given = dict(classes=('cat', 'ox', 'dog'), palette=['c', 'o', 'd'])
    found = table_metainfo(given, ClassTable(['dog', 'cat']), {0, 1})
    assert found['palette'] == ['d', 'c']


def test_metainfo_tells_that_a_class_is_not_labelled():
    given = dict(classes=('cat', 'dog'))
    table = ClassTable(['dog', 'cat'], ['owl'])
    part = table_metainfo(given, table, {0, 1})
    assert part.pop('swap_labelled_in_part') is True
    assert table_metainfo(given, table, {0, 1, 2}) == part
    assert given == dict(classes=('cat', 'dog'))
