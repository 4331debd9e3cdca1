import pytest
from mmpretrain.evaluation import SingleLabelMetric
from mmseg.evaluation import IoUMetric
from toy_detections import META

from mmswap.evaluation import SwapEvaluator


@pytest.mark.parametrize('metric, wrong', [
    (dict(type='mmseg.IoUMetric', nan_to_num=-1), 'nan_to_num must be None'),
    (dict(type='mmseg.IoUMetric', ignore_index=0),
     'ignore_index must be 255, .*, got 0'),
    (dict(type='mmpretrain.SingleLabelMetric'), "average must be 'micro' or"),
])
def test_what_would_count_classes_of_other_splits(metric, wrong):
    with pytest.raises(ValueError, match=f'metrics.forget.{wrong}'):
        SwapEvaluator(dict(forget=metric))
    # As a whole there are no other splits.
    assert SwapEvaluator(dict(all=metric))


@pytest.mark.parametrize('metric', [
    IoUMetric(),
    SingleLabelMetric(average='micro'),
    SingleLabelMetric(average=None)
])
def test_what_counts_right(metric):
    assert SwapEvaluator(dict(forget=metric))


def test_images_are_all_or_those_of_the_split():
    with pytest.raises(ValueError, match="images must be .* got 'learn'"):
        SwapEvaluator(dict(forget=IoUMetric()), images='learn')


def test_false_alarms_cannot_be_told_where_classes_are_not_labelled():
    meta = dict(META, swap_labelled_in_part=True)
    for metrics in (dict(forget=IoUMetric()), dict(all=IoUMetric(),
                                                   learn=IoUMetric())):
        with pytest.raises(ValueError, match="images must be 'split'"):
            SwapEvaluator(metrics).dataset_meta = meta
        metrics = {split: IoUMetric() for split in metrics}
        SwapEvaluator(metrics, images='split').dataset_meta = meta
    # As a whole, all that is predicted counts anyway.
    SwapEvaluator(dict(all=IoUMetric())).dataset_meta = meta


@pytest.mark.parametrize('images, splits', [
    ('all', {'retain', 'forget', 'learn', 'all'}),
    ('split', {'retain', 'forget', 'learn'}),
])
def test_data_labelled_in_part_has_no_whole(images, splits):
    evaluator = SwapEvaluator(
        metrics=dict(type='mmdet.CocoMetric', metric='bbox'), images=images,
        classes=dict(base=['a', 'b'], learn=['c'], forget=['b']))
    assert {metric.split for metric in evaluator.metrics} == splits
