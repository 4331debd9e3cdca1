"""Top-1 by split: mmpretrain's Accuracy against counts by hand."""
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmpretrain.evaluation import Accuracy, SingleLabelMetric
from mmpretrain.structures import DataSample

from mmswap.evaluation import SwapEvaluator
from mmswap.tasks.image import ImageSamples

NAMES = ('cat', 'dog', 'cow', 'owl')
CLASSES = dict(base=list(NAMES[:3]), learn=['owl'], forget=['dog'])
META = dict(classes=NAMES, swap_classes=CLASSES)
# (label, predicted label): retain 2 of 4, forget 1 of 3, learn none of 1.
PAIRS = [(0, 0), (0, 1), (2, 2), (2, 0), (1, 1), (1, 3), (1, 0), (3, 1)]
TOP1 = dict(retain=50, forget=100 / 3, learn=0, all=37.5)


def make_sample(label, predicted, scores=True):
    sample = DataSample().set_gt_label(label).set_pred_label(predicted)
    if scores:
        # The second best is the class before.
        score = torch.tensor([.1, .1, .1, .1])
        score[predicted] = .5
        score[(predicted - 1) % 4] = .2
        sample.set_pred_score(score)
    return sample


def evaluate(evaluator, **kwargs):
    evaluator.dataset_meta = META
    for pair in PAIRS:
        evaluator.process([make_sample(*pair, **kwargs)])
    return evaluator.evaluate(len(PAIRS))


@pytest.mark.parametrize('images', ['all', 'split'])
@pytest.mark.parametrize('scores', [True, False])
def test_top1_of_the_images_of_a_split(scores, images):
    # An image has one label, so it is about one split whatever `images` says.
    results = evaluate(
        SwapEvaluator({split: dict(type='mmpretrain.Accuracy')
                       for split in TOP1}, images=images), scores=scores)
    for split, top1 in TOP1.items():
        assert results[f'{split}/accuracy/top1'] == pytest.approx(top1)
        if split != 'all':
            assert results[f'swap/{split}'] == pytest.approx(top1)


def test_top2_takes_the_scores_of_all_classes():
    results = evaluate(SwapEvaluator(dict(retain=Accuracy(topk=(1, 2)))))
    # The second cat is a cat in the second place, not the second cow a cow.
    assert results['retain/accuracy/top2'] == 75
    assert results['retain/accuracy/top1'] == 50


def test_all_is_the_stock_figure():
    stock = evaluate(Evaluator([Accuracy(), SingleLabelMetric()]))
    ours = evaluate(
        SwapEvaluator(dict(all=[Accuracy(), SingleLabelMetric()])))
    assert ours == {f'all/{name}': value for name, value in stock.items()}


def test_recall_by_class():
    metric = SingleLabelMetric(average=None, items=('recall', ))
    results = evaluate(SwapEvaluator(dict(forget=metric)))
    assert results['forget/single-label/recall_classwise'] == pytest.approx(
        [0, 100 / 3, 0, 0], abs=.01)


def test_an_image_is_about_its_own_class():
    kind, sample = ImageSamples(), make_sample(1, 3).to_dict()
    assert kind.restrict(sample, (0, 3)) is None
    assert kind.shown(kind.restrict(sample, (1, 3))) == {1}
    assert kind.weight([{1}, {1}, {0}]) == 3


@pytest.mark.parametrize('labels', [[], [0, 1]])
def test_lists_of_labels_are_refused(labels):
    sample = DataSample().set_gt_label(torch.tensor(labels)).to_dict()
    with pytest.raises(ValueError, match='must have a single label .*labels '):
        ImageSamples().restrict(sample, (0, ))


def test_ground_truth_is_needed():
    sample = DataSample().set_pred_label(1).to_dict()
    with pytest.raises(ValueError, match='must tell the label of each image'):
        ImageSamples().restrict(sample, (0, ))
