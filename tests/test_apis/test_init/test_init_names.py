"""Class names, wherever they stand."""
import pytest
from mmengine.config import Config

from mmswap.apis.init.names import (
    base_names,
    check_known,
    checkpoint_names,
    find_reference,
)

NAMES = ('cat', 'dog')


@pytest.mark.parametrize('meta, found', [
    (dict(dataset_meta=dict(classes=['cat', 'dog'])), NAMES),
    (dict(dataset_meta=dict(CLASSES=NAMES)), NAMES),
    (dict(CLASSES=NAMES), NAMES),
    ({}, None),
    (dict(dataset_meta=dict(classes='names.txt')), None),
])
def test_checkpoint_names(meta, found):
    assert checkpoint_names(dict(state_dict={}, meta=meta)) == found


def test_the_data_number_the_labels():
    assert base_names(('dog', 'cat'), NAMES, 'x.pth') == NAMES
    assert base_names(('dog', 'cat'), None, 'x.pth') == ('dog', 'cat')
    assert base_names(None, NAMES, 'x.pth') == NAMES


def test_names_that_differ_or_are_absent_are_refused():
    with pytest.raises(ValueError, match='--checkpoint.*owl'):
        base_names(('cat', 'owl'), NAMES, 'x.pth')
    with pytest.raises(ValueError, match='metainfo.classes'):
        base_names(None, None, 'x.pth')


@pytest.mark.parametrize('cfg, place', [
    (dict(names=['cat', 'dog'], meta=dict(classes=NAMES)), '_base_.names'),
    (dict(meta=dict(classes=NAMES)), '_base_.meta.classes'),
    (dict(x=[dict(classes=NAMES)]), None),
    (dict(names=('dog', 'cat')), None),
])
def test_find_reference(cfg, place):
    found = find_reference(Config(cfg), NAMES)
    assert (found and found.text) == place


def test_a_name_that_is_alike_is_suggested():
    with pytest.raises(ValueError, match="--forget.*'Dogg'.*'dog'"):
        check_known('--forget', ['Dogg'], NAMES, 'the classes')
