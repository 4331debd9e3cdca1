import pytest
from mmdet.evaluation import CocoMetric

from mmswap.evaluation import (
    DetectionSamples,
    ImageSamples,
    PanopticMetric,
    PanopticSamples,
    SemanticSamples,
    sample_kind,
)


@pytest.mark.parametrize('sample, kind', [
    (dict(pred_instances={}, gt_instances={}), DetectionSamples),
    (dict(pred_sem_seg=dict(data=0)), SemanticSamples),
    (dict(pred_label=0), ImageSamples),
    (dict(pred_score=0), ImageSamples),
])
def test_the_predictions_tell_the_kind(sample, kind):
    assert type(sample_kind(sample, CocoMetric())) is kind


def test_a_panoptic_model_has_both_kinds():
    sample = dict(pred_instances={}, pred_panoptic_seg={})
    assert type(sample_kind(sample, CocoMetric())) is DetectionSamples
    assert type(sample_kind(sample, PanopticMetric())) is PanopticSamples


@pytest.mark.parametrize('sample', [
    dict(),
    dict(pred_sem_seg=dict(sem_seg=0)),
    dict(pred_panoptic_seg=dict(sem_seg=0))
])
def test_samples_of_other_tasks_are_refused(sample):
    with pytest.raises(TypeError, match='for CocoMetric; others') as error:
        sample_kind(sample, CocoMetric())
    assert f'got one with {list(sample)}' in str(error.value)
