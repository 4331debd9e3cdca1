"""Scores of requests that follow one another, worked out by hand."""
import pytest
from mmengine.evaluator import BaseMetric
from toy_detections import COW, DOG, META, NAMES, make_samples, reference

from mmswap.evaluation import SwapEvaluator

COCO = dict(type='mmdet.CocoMetric', metric='bbox')
LATER = dict(base=list(NAMES), forget=['dog'], forgotten_before=['cat'])


class ConstantMetric(BaseMetric):
    """Reports what it is told."""

    def __init__(self, value):
        super().__init__(prefix='toy')
        self.value = value

    def process(self, _, data_samples):
        self.results.extend(data_samples)

    def compute_metrics(self, _):
        return dict(mIoU=self.value)


def evaluate(evaluator, before=None):
    evaluator.dataset_meta = dict(classes=NAMES, swap_classes=LATER)
    if before:
        evaluator.set_before(before)
    samples = make_samples()
    evaluator.process(samples)
    return evaluator.evaluate(len(samples))


def scores(before=None, classes=LATER, accuracy=None, **kwargs):
    """The scores under ``swap/`` that are no split's."""
    accuracy = accuracy or dict(retain=60., forget=20.)
    results = evaluate(
        SwapEvaluator({
            split: ConstantMetric(value)
            for split, value in accuracy.items()
        }, classes=classes, **kwargs), before)
    return {
        name.split('/')[1]: value
        for name, value in results.items()
        if name.startswith('swap/') and name[5:] not in accuracy
    }


def test_the_paper_measures_from_the_pretrained_model():
    found = scores(dict(forget=50.), pretrained=dict(forget=80.))
    # 2 * 60 * 60 / 120 and, from the request's own start, 2 * 60 * 30 / 90.
    assert found == pytest.approx(
        dict(h_mean=60, h_mean_request=40, score=60))


def test_without_the_pretrained_model_there_is_no_h_mean_of_the_paper():
    expected = pytest.approx(dict(h_mean_request=40, score=40))
    assert scores(dict(forget=50.)) == expected
    learned = dict(base=list(NAMES[:3]), learned_before=['owl'],
                   forget=['dog'])
    assert scores(dict(forget=50.), learned) == expected
    assert scores(classes=learned) == {}


def test_only_the_pretrained_model_is_known():
    assert scores(pretrained=dict(forget=80.)) == pytest.approx(
        dict(h_mean=60, score=60))


def test_the_first_request_begins_with_the_pretrained_model():
    classes = dict(base=list(NAMES), forget=['dog'])
    assert scores(dict(forget=50.), classes) == pytest.approx(
        dict(h_mean=40, score=40))


def test_missing_classes_are_among_the_retained_by_their_number():
    # Retained are cat and cow (two of the three), missing is the owl.
    classes = dict(base=list(NAMES), forget=['dog'], missing=['owl'])
    found = scores(
        dict(forget=80.), classes,
        dict(retain=60., missing=30., forget=20.))
    # (2 * 60 + 30) / 3 = 50; 2 * 50 * 60 / 110.
    assert found == pytest.approx(
        dict(retain_and_missing=50, h_mean=600 / 11, score=600 / 11))


def test_what_is_retained_is_one_split_with_what_is_missing():
    """The two together, scored by pycocotools as if they were one."""
    classes = dict(base=list(NAMES), forget=['owl', 'dog'], missing=['cow'])
    evaluator = SwapEvaluator(
        dict(retain=COCO, missing=COCO), classes=classes)
    found = evaluate(evaluator)['swap/retain_and_missing']
    assert found == pytest.approx(reference('retain')[None], abs=.001)


def test_forgotten_before_alone_has_no_score():
    found = scores(dict(forget=50.), accuracy=dict(forgotten_before=1.))
    assert found == {}


def test_further_sets_of_classes_are_scored_as_splits_are():
    evaluator = SwapEvaluator(
        dict(forget=COCO), classes=META['swap_classes'],
        subsets={'forget@2': ['cow', 'cat'], 'dogs': ['dog']})
    results = evaluate(evaluator)
    assert [m.labels for m in evaluator.metrics] == [
        (DOG, ), (COW, 0), (DOG, )]
    assert results['swap/forget@2'] == reference('retain')[None]
    assert results['forget@2/coco/bbox_mAP_50'] > results['swap/forget@2']
    assert results['swap/dogs'] == results['swap/forget']


@pytest.mark.parametrize('subsets, metrics, error, message', [
    (dict(learn=['dog']), dict(forget=COCO), ValueError, r"got \['learn'\]"),
    ({'a/b': ['dog']}, dict(forget=COCO), ValueError, r"got \['a/b'\]"),
    (dict(a=['ox']), dict(forget=COCO), ValueError, r"subsets\['a'\] must"),
    (dict(a=[]), dict(forget=COCO), ValueError, r"subsets\['a'\] must"),
    (dict(a=['dog']), dict(retain=COCO), TypeError, r'metrics.forget must'),
    (dict(a=['dog']), dict(forget=ConstantMetric(1)), TypeError,
     'metrics.forget must'),
])
def test_wrong_sets_of_classes_are_refused(subsets, metrics, error, message):
    with pytest.raises(error, match=message):
        SwapEvaluator(metrics, classes=LATER, subsets=subsets)


def test_a_pretrained_model_needs_the_forget_split():
    with pytest.raises(ValueError, match='pretrained must have the key forg'):
        SwapEvaluator(
            dict(forget=COCO), classes=LATER, pretrained=dict(retain=.9))
