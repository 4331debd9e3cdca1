from pathlib import Path

import pytest

from mmswap.apis.page.called import (
    class_rows,
    class_score,
    name_matrix,
    share_bars,
    shares_of,
)
from mmswap.apis.page.facts import MomentFacts, classes_of
from mmswap.class_table import ClassTable

TABLE = ClassTable(['a', 'b'], ['c'], ['b'])


def _moment(metrics=None, **names):
    return MomentFacts('base', 'base', Path('x'), metrics or {}, names, {},
                       '')


def test_shares_of_a_class():
    names = dict(called=dict(b=dict(b=1, c=2, a=4)), unseen=dict(b=1))
    assert shares_of(names, 'b') == dict(
        objects=8, named=1 / 8, renamed=6 / 8, unseen=1 / 8,
        called=[dict(name='a', share=.5), dict(name='c', share=.25)])
    assert shares_of(names, 'a') is None and shares_of({}, 'b') is None
    assert names['called']['b'] == dict(b=1, c=2, a=4)


def test_a_class_has_the_figure_of_its_own_split():
    metrics = {'retain/coco/b_precision': float('nan'),
               'forget/coco/b_precision': .25}
    assert class_score(_moment(metrics), 'b') == .25
    assert class_score(_moment(metrics), 'a') is None


def test_iou_of_a_class_from_pixels():
    """Three are right, two of it are missed, one of another is taken."""
    moment = _moment({'retain/mIoU': 50.},
                     called=dict(a=dict(a=3, b=1), b=dict(a=1, b=4)),
                     unseen=dict(a=1))
    assert class_score(moment, 'a') == pytest.approx(50.)
    assert class_score(moment, 'c') is None


def test_what_is_forgotten_stands_first():
    rows = class_rows([_moment(called=dict(a=dict(a=1)), unseen={})], TABLE)
    assert [row['name'] for row in rows] == ['b', 'c', 'a']
    assert [row['named'] for row in rows] == [[None], [None], [1.]]


def test_a_long_matrix_leaves_out_what_is_as_it_was():
    base = [f'n{i}' for i in range(40)]
    called = {name: {name: 1} for name in base}
    called['n7'] = dict(n8=1)
    found = name_matrix(_moment(called=called, unseen={}),
                        ClassTable(base, forget=['n9']))
    assert [row['name'] for row in found['rows']] == ['n9', 'n7']
    assert found['left_out'] == 38
    assert [c['name'] for c in found['columns']] == ['n9', 'n8']
    assert name_matrix(_moment(), TABLE) is None


def test_bars_only_of_what_was_counted():
    shares = {'learn/named': .5, 'learn/renamed': .5, 'learn/unseen': 0.,
              'learn/renamed_to/a': .1, 'learn/renamed_to/b': .4,
              'retain/named': 1.}
    each, = share_bars([_moment(shares), _moment()])
    assert each['split'] == 'learn' and len(each['bars']) == 1
    assert [n['name'] for n in each['bars'][0]['new']] == ['b', 'a']


def test_classes_of_several_requests():
    table = ClassTable(['a', 'b', 'd'], ['e'], ['c'], learned_before=['c'],
                       forgotten_before=['b'])
    assert classes_of(table) == (['e'], ['b', 'c'], ['a', 'd'])
