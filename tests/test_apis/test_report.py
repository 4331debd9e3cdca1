import pytest

from mmswap.apis.report import (
    Column,
    build_report,
    format_report,
    primary_metrics,
)


def _metrics(retain, forget, learn, name='coco/segm_mAP'):
    values = dict(retain=retain, forget=forget, learn=learn)
    return {
        **{f'{split}/{name}': value for split, value in values.items()},
        **{f'swap/{split}': value for split, value in values.items()},
    }


COLUMNS = [
    Column('base', _metrics(.8, .7, 0.)),
    Column('after learn', _metrics(.75, .6, .8)),
    Column('after forget', _metrics(.75, .1, .8)),
]


def _rows(report):
    return {(row['split'], row['metric']): row['values']
            for row in report['rows']}


def test_rows_and_columns():
    report = build_report(COLUMNS)
    assert report['columns'] == ['base', 'after learn', 'after forget']
    rows = _rows(report)
    assert list(rows) == [('retain', 'segm_mAP'), ('forget', 'segm_mAP'),
                          ('learn', 'segm_mAP'), ('swap', 'h_mean'),
                          ('swap', 'score')]
    assert rows['retain', 'segm_mAP'] == [.8, .75, .75]
    assert rows['forget', 'segm_mAP'] == [.7, .6, .1]
    assert report['metrics']['after learn'] == COLUMNS[1].metrics


def test_scores_are_those_against_the_base():
    rows = _rows(build_report(COLUMNS))
    # Drop 0.1, then 0.6. 2 * .75 * .6 / 1.35 = 2 / 3.
    assert rows['swap', 'h_mean'] == pytest.approx(
        [None, 2 * .75 * .1 / .85, 2 / 3])
    # Of .75, .6 and .8: 3 / (4 / 3 + 5 / 3 + 5 / 4) = 12 / 17.
    assert rows['swap', 'score'][2] == pytest.approx(12 / 17)


def test_every_known_metric_has_rows():
    both = {
        **_metrics(.8, .7, 0.),
        **_metrics(.9, .6, .1, 'coco/bbox_mAP'), 'retain/coco/bbox_mAP_50': .9
    }
    rows = _rows(build_report([Column('base', both)]))
    assert rows['retain', 'bbox_mAP'] == [.9]
    assert rows['retain', 'segm_mAP'] == [.8]
    assert ('retain', 'bbox_mAP_50') not in rows


def test_unknown_metrics_are_all_shown():
    rows = _rows(
        build_report([Column('base', _metrics(.8, .7, .1, 'mine/f1'))]))
    assert rows['learn', 'mine/f1'] == [.1]


def test_a_split_that_is_not_measured():
    without = {k: v for k, v in _metrics(.5, 0, 0).items() if 'retain' in k}
    report = build_report([COLUMNS[0], Column('after x', without)])
    rows = _rows(report)
    assert rows['forget', 'segm_mAP'] == [.7, None]
    assert rows['swap', 'h_mean'] == [None, None]
    assert rows['swap', 'score'] == [None, .5]
    assert '     - |' in format_report(report)


def test_the_table_is_aligned_markdown():
    report = build_report(COLUMNS)
    lines = format_report(report).splitlines()
    assert lines[0].split() == [
        '|', 'split', '|', 'metric', '|', 'base', '|', 'after', 'learn', '|',
        'after', 'forget', '|'
    ]
    assert set(lines[1]) == {'|', ' ', '-'}
    assert lines[2] == (
        '| retain | segm_mAP | 0.800 |       0.750 |        0.750 |')
    assert len({len(line) for line in lines}) == 1


def test_where_objects_go():
    """After the metrics that count, split by split; the new names below."""
    before = {**COLUMNS[0].metrics, 'forget/named': 1., 'forget/renamed': 0.,
              'forget/unseen': 0.}
    after = {**COLUMNS[2].metrics, 'forget/named': 0., 'forget/renamed': .75,
             'forget/unseen': .25, 'forget/renamed_to/nine': .5,
             'forget/renamed_to/two': .25, 'learn/named': 1.}
    report = build_report([Column('base', before),
                           Column('after forget', after)])
    rows = _rows(report)
    assert list(rows)[3:7] == [
        ('forget', 'named'), ('forget', 'renamed'), ('forget', 'unseen'),
        ('learn', 'named')]
    assert rows['forget', 'renamed'] == [0., .75]
    assert rows['learn', 'named'] == [None, 1.]
    assert rows['swap', 'h_mean'] == _rows(build_report(
        [COLUMNS[0], COLUMNS[2]]))['swap', 'h_mean']
    assert format_report(report).splitlines()[-2:] == [
        '', '- after forget: forget renamed: nine 50%, two 25%']


def test_primary_metrics():
    assert primary_metrics(COLUMNS[0].metrics) == dict(
        retain=.8, forget=.7, learn=0.)
    assert primary_metrics({'retain/coco/bbox_mAP': .5}) == {}


def test_the_rows_of_a_stream():
    """Splits of earlier requests, the evaluator's scores, changed groups."""
    first = {'retain/coco/segm_mAP': .8, 'swap/retain': .8}
    second = dict(first, **{
        'forgotten_before/coco/segm_mAP': .02, 'missing/coco/segm_mAP': .6,
        'swap/h_mean': .7, 'swap/h_mean_request': .5, 'swap/score': .65})
    report = build_report([
        Column('base', first),
        Column('after 2', second, dict(changed=4, all=13))])
    rows = _rows(report)
    assert rows['forgotten_before', 'segm_mAP'] == [None, .02]
    assert rows['missing', 'segm_mAP'] == [None, .6]
    assert rows['swap', 'h_mean'] == [None, .7]
    assert rows['swap', 'h_mean_request'] == [None, .5]
    assert rows['swap', 'score'] == [None, .65]
    assert rows['adapter', 'changed groups'] == [None, 4]
    assert rows['adapter', 'groups'] == [None, 13]
    line = next(line for line in format_report(report).splitlines()
                if 'changed groups' in line)
    assert line.split() == ['|', 'adapter', '|', 'changed', 'groups', '|', '-',
                            '|', '4', '|']
