from mmswap.evaluation.score_tables import (
    format_table,
    new_name_lines,
    scalar_metrics,
    shown_metrics,
    validation_table,
)


def test_a_validation_of_a_swap():
    metrics = {
        f'{split}/coco/{name}': value
        for split, value in (('retain', .81), ('forget', .5), ('learn', 0.),
                             ('all', .7))
        for name in ('zero_precision', 'segm_mAP', 'segm_mAP_50', 'bbox_mAP')
    }
    metrics.update({'swap/h_mean': .25, 'swap/score': .125,
                    'swap/retain': .81})
    assert validation_table(metrics).splitlines() == [
        '| metric   | retain | forget | learn |   all |',
        '| -------- | ------ | ------ | ----- | ----- |',
        '| segm_mAP |  0.810 |  0.500 | 0.000 | 0.700 |',
        '| bbox_mAP |  0.810 |  0.500 | 0.000 | 0.700 |',
        'h_mean 0.250, score 0.125',
    ]


def test_a_split_without_a_metric():
    table = validation_table({'retain/accuracy/top1': 90.,
                              'missing/single-label/recall': 1.,
                              'forget/accuracy/top1': 0.})
    assert table.splitlines()[0::2] == [
        '| metric        | retain | forget | missing |',
        '| accuracy/top1 | 90.000 |  0.000 |       - |']


NAMED = {
    'retain/coco/bbox_mAP': .75, 'retain/named': 1., 'retain/renamed': 0.,
    'retain/unseen': 0., 'forget/coco/bbox_mAP': 0., 'forget/named': 0.,
    'forget/renamed': .5, 'forget/unseen': .5, 'forget/recall': .625,
    'forget/renamed_to_retain': .5, 'forget/renamed_to/cat': .375,
    'forget/renamed_to/old cow': .125}


def test_where_objects_go_and_their_new_names():
    assert validation_table(NAMED).splitlines() == [
        '| metric   | retain | forget |',
        '| -------- | ------ | ------ |',
        '| bbox_mAP |  0.750 |  0.000 |',
        '| named    |  1.000 |  0.000 |',
        '| renamed  |  0.000 |  0.500 |',
        '| unseen   |  0.000 |  0.500 |',
        '| recall   |      - |  0.625 |',
        'forget renamed: cat 38%, old cow 12%',
    ]
    assert new_name_lines({'forget/coco/bbox_mAP': 1.}) == []
    assert new_name_lines({'learn/renamed_to/cat': .002}) == [
        'learn renamed: cat <1%']


def test_shares_are_no_metrics_that_are_not_known():
    assert shown_metrics([{**NAMED, 'retain/mine/f1': 1.}]) == ['bbox_mAP']
    mine = {k: v for k, v in NAMED.items() if 'mAP' not in k}
    assert shown_metrics([{'retain/mine/f1': 1., **mine}]) == ['mine/f1']


def test_a_stock_validation_leaves_the_classes_out():
    metrics = {f'coco/class{i}_precision': .1 for i in range(80)}
    metrics.update({'coco/bbox_mAP': .4, 'coco/bbox_mAP_50': .6})
    assert validation_table(metrics).splitlines() == [
        '| metric           | value |',
        '| ---------------- | ----- |',
        '| coco/bbox_mAP    | 0.400 |',
        '| coco/bbox_mAP_50 | 0.600 |',
    ]


def test_metrics_that_are_not_known_are_a_few_rows():
    table = validation_table({f'mine/{i}': float(i) for i in range(80)})
    assert len(table.splitlines()) == 14 and '| mine/0 ' in table
    table = validation_table({f'retain/mine/{i}': 1. for i in range(80)})
    assert len(table.splitlines()) == 14


def test_nothing_measured_is_no_table():
    assert validation_table({}) == ''
    assert validation_table({'names': ['a']}) == ''


def test_only_numbers_are_metrics():
    assert scalar_metrics(dict(a=1, b='x', c=None, d='2')) == dict(a=1., d=2.)


def test_known_metrics_go_before():
    known = {'learn/coco/bbox_mAP': .1, 'learn/coco/x_precision': .2}
    assert shown_metrics([{}, known]) == ['bbox_mAP']
    assert shown_metrics([{'retain/mine': 1.}]) == ['mine']


def test_names_to_the_left_and_numbers_to_the_right():
    assert format_table([['a', 'name', 'x'], ['bb', 'c', '1.0']], 2) == (
        '| a  | name |   x |\n'
        '| -- | ---- | --- |\n'
        '| bb | c    | 1.0 |')
