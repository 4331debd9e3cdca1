"""The metrics of all splits, from what a config says."""
import pytest
from mmdet.evaluation import CocoMetric

from mmswap.evaluation.build_metrics import build_metrics

COCO = dict(type='mmdet.CocoMetric', metric='bbox')


def test_each_split_has_its_metrics():
    built = build_metrics(
        dict(
            forget=[dict(COCO, prefix='a'), CocoMetric(prefix='b')],
            all=COCO),
        images='split')
    assert [(m.split, m.prefix, m.images) for m in built] == [
        ('forget', 'forget/a', 'split'), ('forget', 'forget/b', 'split'),
        ('all', 'all/coco', 'split')]


@pytest.mark.parametrize('given', [{}, dict(classwise=False)])
def test_each_class_has_its_figure_unless_it_is_not_wanted(given):
    built = build_metrics(dict(all=dict(COCO, **given)))
    assert built[0].metric.classwise == (not given)


def test_a_subset_has_metrics_of_its_own():
    built = build_metrics(dict(forget=[COCO]), subsets=dict(pets=['dog']))
    assert [m.split for m in built] == ['forget', 'pets']
    assert built[0].metric is not built[1].metric


def test_splits_cannot_share_a_metric():
    # CocoMetric keeps the first ground truth that it sees.
    metric = CocoMetric()
    with pytest.raises(ValueError, match='a metric of its own .* CocoMetric'):
        build_metrics(dict(retain=metric, forget=metric))


@pytest.mark.parametrize(('metrics', 'error', 'message'), [
    (dict(gone=COCO), ValueError, r"got \['gone'\]"),
    ({}, ValueError, r"must have some of the keys .* got \[\]"),
    (COCO, ValueError, "'type'"),
    ([COCO], TypeError, 'must be a dict of metrics by split'),
    (dict(all='CocoMetric'), TypeError, 'metrics.all must be metrics or'),
])
def test_wrong_metrics_are_refused(metrics, error, message):
    with pytest.raises(error, match=message):
        build_metrics(metrics)


def test_configs_stay_as_they_are():
    metrics = dict(forget=dict(COCO), all=[dict(COCO)])
    build_metrics(metrics, subsets=dict(pets=['dog']))
    assert metrics == dict(forget=COCO, all=[COCO])
