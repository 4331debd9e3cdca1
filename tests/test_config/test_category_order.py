"""Plain COCO data sets number their labels in the order of the file."""
import json

import pytest
from coco_files import write_coco
from mmengine.config import Config
from mmengine.registry import DATASETS

from mmswap.class_table import ClassTable
from mmswap.config.category_order import (
    category_order,
    check_category_order,
)
from mmswap.tasks.label_names import label_names

TABLE = ClassTable(['cat', 'dog'], ['owl', 'fox'])
NAMES = ('fox', 'dog', 'cow', 'cat', 'owl')


@pytest.fixture
def write(tmp_path):
    """(file, categories) -> the config of a data set with them, and classes.
    """

    def make(file, categories, kind='CocoDataset', classes=TABLE.names):
        write_coco(tmp_path / file, [categories[:1]], categories)
        return dict(
            type=kind, data_root=str(tmp_path), ann_file=file,
            data_prefix=dict(img=''), metainfo=dict(classes=classes),
            pipeline=[])

    return make


def loader(dataset):
    return dict(batch_size=1, dataset=dataset)


@pytest.mark.parametrize('kind', ['CocoDataset', 'Objects365V1Dataset'])
def test_the_order_is_that_of_mmdets_labels(write, det_scope, kind):
    dataset = write('val.json', NAMES, kind)
    order = category_order(dict(val_dataloader=loader(dataset)), TABLE)
    built = DATASETS.build(dict(dataset, test_mode=True))
    assert order == label_names(built).names
    assert order == {
        'CocoDataset': ('fox', 'dog', 'cat', 'owl'),
        'Objects365V1Dataset': ('owl', 'cat', 'dog', 'fox')}[kind]


def test_classes_that_no_file_has_come_last(write):
    parts = dict(
        val_dataloader=loader(write('val.json', ('owl', 'cow', 'cat'))),
        val_evaluator=dict(type='CocoMetric', ann_file='not/there.json'),
        test_dataloader=loader(dict(
            type='ConcatDataset',
            datasets=[write('a.json', ('owl', )), write('b.json', ())])))
    assert category_order(parts, TABLE) == ('owl', 'cat', 'dog', 'fox')
    assert category_order({}, TABLE) == TABLE.names


def test_a_json_of_another_kind_has_no_order(tmp_path):
    (tmp_path / 'a.json').write_text(json.dumps(dict(categories=['fox'])))
    (tmp_path / 'b.json').write_text(json.dumps([1]))
    parts = {file: dict(ann_file=file, data_root=str(tmp_path))
             for file in ('a.json', 'b.json')}
    assert category_order(parts, TABLE) == TABLE.names


def test_files_that_differ_are_named(write, tmp_path):
    metric = dict(
        type='CocoMetric', ann_file=write('val.json', NAMES)['data_root']
        + '/val.json')
    parts = dict(
        val_dataloader=loader(write('other.json', NAMES[::-1])),
        val_evaluator=metric)
    with pytest.raises(ValueError, match=(
            r'val_evaluator.ann_file \(.*val.json\) must .* as '
            r'val_dataloader.dataset.ann_file \(.*other.json\)')):
        category_order(parts, TABLE)


def test_stuff_comes_after_things(write):
    table = ClassTable(['cat', 'dog'], ['owl', 'fox'], stuff=['dog', 'fox'])
    parts = dict(val_dataloader=loader(write('val.json', NAMES)))
    with pytest.raises(ValueError, match='things before all stuff'):
        category_order(parts, table)
    write('val.json', ('owl', 'cat', 'fox', 'dog'))
    assert category_order(parts, table) == ('owl', 'cat', 'fox', 'dog')


def phase(dataset, **changes):
    return Config(dict(
        dict(
            model=dict(type='mmswap.SwapModel', classes=TABLE.as_dict()),
            test_dataloader=loader(dataset),
            test_evaluator=dict(type='mmswap.SwapEvaluator')), **changes))


def test_what_swap_evaluator_would_score_under_wrong_names(write):
    dataset = write('val.json', NAMES)
    with pytest.raises(ValueError, match=(
            r'test_dataloader.dataset.ann_file .* table, .*ClassSubset')):
        check_category_order(phase(dataset))
    subset = dict(type='mmswap.ClassSubset', keep='all', dataset=dataset)
    for right in (
            phase(subset),
            phase(dict(type='ConcatDataset', datasets=[subset])),
            phase(write('other.json', ('x', *TABLE.names))),
            phase(dataset, test_evaluator=dict(type='CocoMetric')),
            phase(dataset, model=dict(type='FasterRCNN'))):
        check_category_order(right)
