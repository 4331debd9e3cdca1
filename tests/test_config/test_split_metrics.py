"""The metrics of each split, from stock evaluators."""
import pytest

from mmswap.config.split_metrics import metrics_by_split, with_files

COCO = dict(type='CocoMetric', ann_file='old/val.json', metric='bbox')
PANOPTIC = dict(
    type='CocoPanopticMetric',
    ann_file='old/val.json',
    seg_prefix='old/seg/',
    backend_args=None)


@pytest.mark.parametrize('stock', [
    COCO, [COCO], dict(type='Evaluator', metrics=[COCO])])
def test_each_split_has_the_stock_metric_without_its_file(stock):
    found = metrics_by_split(stock)
    assert list(found) == [
        'retain', 'forget', 'learn', 'forgotten_before', 'missing', 'all']
    for metrics in found.values():
        assert metrics == [dict(type='CocoMetric', metric='bbox')]
    assert COCO['ann_file'] == 'old/val.json'


def test_data_labelled_in_part_has_no_whole():
    assert 'all' not in metrics_by_split(COCO, images='split')


def test_the_panoptic_metric_is_the_one_that_splits():
    found = metrics_by_split([PANOPTIC, COCO])
    assert found['learn'] == [
        dict(type='mmswap.PanopticMetric', backend_args=None),
        dict(type='CocoMetric', metric='bbox')]


def test_metrics_by_split_stay():
    metrics = dict(retain=COCO)
    assert metrics_by_split(metrics) is metrics


@pytest.mark.parametrize(
    'metric', ['CocoMetric', [object()], [dict(m=1)], None])
def test_each_split_needs_a_config(metric):
    with pytest.raises(TypeError, match='val_evaluator.metrics must be'):
        metrics_by_split(metric)


def test_a_merged_model_is_scored_on_the_files_of_its_data_set():
    dataset = dict(data_root='new', ann_file='val.json',
                   data_prefix=dict(img='i/', seg='s/'))
    assert with_files(PANOPTIC, dataset) == dict(
        PANOPTIC, ann_file='new/val.json', seg_prefix='new/s/')
    assert with_files(COCO, dict(ann_file='/x/val.json', data_root='new')
                      )['ann_file'] == '/x/val.json'
    stock = dict(type='IoUMetric')
    assert with_files(stock, dataset) == stock
