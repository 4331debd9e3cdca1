"""Categories are read without parsing the whole file, and read right."""
import json

import mmengine
import pytest

from mmswap.config import coco_categories
from mmswap.config.coco_categories import read_categories

CATEGORIES = [dict(id=9, name='Kätzchen'), dict(id=2, name='dog "big"')]
EXPECTED = {9: 'Kätzchen', 2: 'dog "big"'}
REST = dict(images=[dict(id=1)] * 3, annotations=[])


@pytest.fixture
def no_full_load(monkeypatch):
    """Make parsing the whole file an error."""

    def load(*_, **__):
        raise AssertionError('the whole file was parsed')

    monkeypatch.setattr(mmengine, 'load', load)


@pytest.mark.parametrize('data', [
    dict(categories=CATEGORIES, **REST),
    dict(**REST, categories=CATEGORIES),
])
@pytest.mark.parametrize('style', [
    dict(),
    dict(indent=2, ensure_ascii=False),
    dict(separators=(',', ':')),
])
@pytest.mark.usefixtures('no_full_load')
def test_categories_are_read_without_the_rest(tmp_path, data, style):
    path = tmp_path / 'ann.json'
    path.write_text(json.dumps(data, **style), encoding='utf-8')
    categories = read_categories(str(path))
    assert categories == EXPECTED
    assert list(categories) == [9, 2]


@pytest.mark.parametrize('rest', [
    dict(images=[dict(id=1, categories=[dict(id=9, name='wrong')])]),
    dict(info=dict(part='categories')),
])
def test_a_second_list_of_that_name_does_not_mislead(tmp_path, rest):
    path = tmp_path / 'ann.json'
    for data in (dict(categories=CATEGORIES, **rest),
                 dict(**rest, categories=CATEGORIES)):
        path.write_text(json.dumps(data))
        assert read_categories(str(path)) == EXPECTED


def test_a_list_longer_than_the_window(tmp_path, monkeypatch):
    path = tmp_path / 'ann.json'
    path.write_text(json.dumps(dict(categories=CATEGORIES, **REST)))
    monkeypatch.setattr(coco_categories, '_WINDOW', 20)
    assert read_categories(str(path)) == EXPECTED
