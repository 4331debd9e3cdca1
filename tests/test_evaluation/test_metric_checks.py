import pytest
from mmpretrain.evaluation import SingleLabelMetric
from mmseg.evaluation import IoUMetric

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
