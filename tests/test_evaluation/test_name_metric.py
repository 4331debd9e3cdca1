"""Where objects go: shares by hand, in the evaluator of each task."""
import json
import os
from functools import partial

import pytest
import torch
from mmengine.dataset import DefaultSampler
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.structures import PixelData
from mmpretrain.structures import DataSample
from mmseg.structures import SegDataSample
from toy_detections import CLASSES, META, SCENES, make_samples
from two_ranks import run_on_two_ranks

from mmswap.evaluation import SwapEvaluator
from mmswap.tasks.base_samples import BaseSamples
from mmswap.tasks.detection import DetectionSamples

COCO = dict(type='mmdet.CocoMetric', metric='bbox')
# By hand, of the scenes: dogs are named in 11 and 12 and missed in 15; the
# owls are named in 13, below a cow, and in 14; the crowd in 15 is left out.
# In image 11 a cat is seen where a dog is, but a dog too.
FORGET = dict(named=2 / 3, renamed=0., unseen=1 / 3, recall=2 / 3,
              confidence=.75, renamed_to_retain=0., renamed_to_learn=0.)
# Without the dogs that are predicted, one of three is called a cat.
FORGOTTEN = dict(FORGET, named=0., renamed=1 / 3, unseen=2 / 3, recall=1 / 3,
                 confidence=.99, renamed_to_retain=1 / 3)
LEARN = dict(named=1., renamed=0., unseen=0., recall=1., confidence=.35,
             renamed_to_retain=0., renamed_to_learn=0.)


def run(evaluator, samples, meta=META):
    evaluator.dataset_meta = meta
    for i in range(0, len(samples), 2):
        evaluator.process(samples[i:i + 2])
    return evaluator.evaluate(len(samples))


def of_split(results, split, metric='coco'):
    start = f'{split}/'
    return {
        name[len(start):]: value
        for name, value in results.items()
        if name.startswith(start) and not name.startswith(f'{start}{metric}/')
    }


def test_shares_of_a_detector_beside_its_scores():
    results = run(SwapEvaluator(COCO), make_samples())
    assert of_split(results, 'forget') == pytest.approx(FORGET)
    assert of_split(results, 'learn') == pytest.approx(LEARN)
    # The figure of each class, too, without being asked for.
    plain = run(Evaluator(dict(COCO, classwise=True)), make_samples())
    assert 'coco/dog_precision' in plain
    assert of_split(results, 'all', '') == pytest.approx(plain)
    gone = run(SwapEvaluator(COCO), make_samples(keep=(0, 2, 3)))
    assert of_split(gone, 'forget') == pytest.approx(
        {**FORGOTTEN, 'renamed_to/cat': 1 / 3})


def test_images_of_the_split_alone_give_the_same():
    """All labelled objects count, whatever images a split is scored on."""
    results = run(SwapEvaluator(COCO, images='split'), make_samples())
    assert of_split(results, 'forget') == pytest.approx(FORGET)


def test_limits_are_arguments():
    strict = run(SwapEvaluator(COCO, found=dict(min_score=.75)),
                 make_samples())
    # The dog of image 12 scores 0.7; nothing else of its place is shown.
    assert of_split(strict, 'forget') == pytest.approx(
        dict(FORGET, named=1 / 3, unseen=2 / 3, confidence=.8))
    strict = run(SwapEvaluator(COCO, found=dict(min_iou=.9)), make_samples())
    assert of_split(strict, 'forget')['named'] == pytest.approx(1 / 3)


@pytest.mark.parametrize(('found', 'error', 'key'), [
    (dict(min_iou=0), ValueError, 'found.min_iou'),
    (dict(min_iou=1.1), ValueError, 'found.min_iou'),
    (dict(min_score=-.1), ValueError, 'found.min_score'),
    (dict(min_score='0.3'), ValueError, 'found.min_score'),
    (dict(iou=.5), ValueError, 'found'),
    (.5, TypeError, 'found'),
    (dict(background='sky'), ValueError, 'found.background'),
    (dict(background=['cat', 'sky']), ValueError, 'found.background'),
])
def test_wrong_limits_are_refused(found, error, key):
    with pytest.raises(error, match=f'val_evaluator.{key} must'):
        SwapEvaluator(COCO, classes=CLASSES, found=found)


def test_primary_metrics_do_not_see_the_shares():
    """``recall`` is the name of one of them."""

    class Recall(BaseMetric):
        default_prefix = 'mine'

        def process(self, _, data_samples):
            self.results.extend(data_samples)

        def compute_metrics(self, _):
            return dict(recall=7.)

    results = run(SwapEvaluator(dict(forget=Recall()), primary='recall'),
                  make_samples())
    assert results['swap/forget'] == 7
    assert results['forget/recall'] == pytest.approx(2 / 3)


def test_a_metric_with_a_name_of_the_shares_is_refused():

    class Named(BaseMetric):

        def process(self, _, data_samples):
            self.results.extend(data_samples)

        def compute_metrics(self, _):
            return dict(named=7.)

    with pytest.raises(ValueError, match=r"metrics must .*'forget/named'"):
        run(SwapEvaluator(dict(forget=Named())), make_samples())


def test_no_shares_without_a_metric_of_a_split():
    results = run(SwapEvaluator(dict(all=COCO)), make_samples())
    assert all(name.startswith('all/coco/') for name in results)


def test_a_split_without_objects_is_left_out():
    samples = [s for s in make_samples() if s.img_id in (10, 12, 15)]
    results = run(SwapEvaluator(COCO), samples)
    assert of_split(results, 'learn') == {}
    assert of_split(results, 'forget')['named'] == .5


def test_samples_of_a_kind_that_cannot_tell(monkeypatch):
    """As a plugin's kind may be."""
    monkeypatch.setattr(DetectionSamples, 'namings', BaseSamples.namings)
    results = run(SwapEvaluator(COCO), make_samples())
    assert of_split(results, 'forget') == {}
    assert results['swap/forget'] > 0


def test_further_sets_of_classes_have_shares():
    results = run(SwapEvaluator(COCO, subsets=dict(forget_later=['owl'])),
                  make_samples())
    assert of_split(results, 'forget_later') == pytest.approx(LEARN)


NAMES = ('background', 'cat', 'dog', 'owl')
TABLE = dict(base=list(NAMES[:3]), learn=['owl'], forget=['dog'])


def seg_sample(truth, predicted):
    sample = SegDataSample()
    sample.gt_sem_seg = PixelData(data=torch.tensor([[truth]]))
    sample.pred_sem_seg = PixelData(data=torch.tensor([[predicted]]))
    return sample


def seg_results(names=NAMES, **found):
    table = dict(TABLE, base=list(names[:3]))
    evaluator = SwapEvaluator(dict(type='mmseg.IoUMetric'), found=found)
    return run(
        evaluator,
        [seg_sample([2, 2, 2, 2, 255, 0], [0, 0, 1, 2, 2, 3]),
         seg_sample([2, 1, 3, 3, 3, 0], [3, 1, 3, 1, 0, 0])],
        dict(classes=names, swap_classes=table))


def test_shares_of_pixels():
    results = seg_results()
    # Five dogs: two background, one each a cat, a dog and an owl.
    shares = of_split(results, 'forget')
    assert shares['unseen'] == pytest.approx(.4)
    assert shares['named'] == shares['renamed'] / 2 == pytest.approx(.2)
    assert shares['renamed_to_retain'] == pytest.approx(.2)
    assert shares['renamed_to_learn'] == pytest.approx(.2)
    assert shares['renamed_to/owl'] == shares['renamed_to/cat']
    assert 'recall' not in shares and 'confidence' not in shares
    # True background can be named, and be renamed.
    shares = of_split(results, 'retain')
    assert (shares['named'], shares['renamed'], shares['unseen']) == (
        pytest.approx(2 / 3), pytest.approx(1 / 3), 0)


def test_background_is_what_the_config_says():
    names = ('void', *NAMES[1:])
    assert of_split(seg_results(names), 'forget')['unseen'] == 0
    for background in ('void', ['void']):
        found = seg_results(names, background=background)
        assert of_split(found, 'forget')['unseen'] == pytest.approx(.4)
    assert of_split(seg_results(background=()), 'forget')['unseen'] == 0


def test_shares_of_images_and_their_confidence():
    samples = []
    for label, name, score in ((2, 1, .5), (2, 1, .7), (2, 3, .9),
                               (2, 2, .6), (1, 1, .8)):
        scores = torch.zeros(4)
        scores[name] = score
        samples.append(DataSample().set_gt_label(label).set_pred_label(
            name).set_pred_score(scores))
    results = run(SwapEvaluator(dict(type='mmpretrain.Accuracy')), samples,
                  dict(classes=NAMES, swap_classes=TABLE))
    assert of_split(results, 'forget', 'accuracy') == pytest.approx({
        'named': .25, 'renamed': .75, 'unseen': 0., 'confidence': .675,
        'renamed_to_retain': .5, 'renamed_to_learn': .25,
        'renamed_to/cat': .5, 'renamed_to/owl': .25})


def test_five_new_names_and_all_in_the_counts():
    names = ('old', *'abcdefg')
    samples = []
    for label in range(1, 8):  # a once, b twice, ..., g seven times
        samples += [DataSample().set_gt_label(0).set_pred_label(label)
                    for _ in range(label)]
    evaluator = SwapEvaluator(dict(type='mmpretrain.Accuracy'))
    results = run(evaluator, samples, dict(
        classes=names,
        swap_classes=dict(base=list(names), forget=['old'])))
    told = [n.rpartition('/')[2] for n in results if '/renamed_to/' in n]
    assert told == ['g', 'f', 'e', 'd', 'c']
    assert evaluator.names.as_dict() == dict(
        splits=dict(retain=list('abcdefg'), forget=['old']),
        min_iou=.5, min_score=.3,
        called=dict(old={n: i for i, n in enumerate('abcdefg', 1)}),
        unseen={})


def shares_on_rank(rank, world, folder):
    """What one rank finds, as json; image 10 comes twice with two ranks."""
    del rank, world
    os.chdir(folder)
    samples = make_samples(keep=(0, 2, 3))
    evaluator = SwapEvaluator(COCO)
    evaluator.dataset_meta = META
    for i in DefaultSampler(samples, shuffle=False):
        evaluator.process([samples[i]])
    results = evaluator.evaluate(len(samples))
    return json.dumps([
        {split: of_split(results, split)
         for split in ('retain', 'forget', 'learn')},
        evaluator.names.as_dict()])


@pytest.mark.slow
def test_two_ranks_find_what_one_does(tmp_path, monkeypatch):
    assert len(SCENES) % 2
    monkeypatch.chdir(tmp_path)
    alone = shares_on_rank(0, 1, tmp_path)
    ranks = run_on_two_ranks(partial(shares_on_rank, folder=tmp_path),
                             tmp_path)
    assert ranks == [alone, alone]
    shares, counts = json.loads(alone)
    assert shares['forget']['renamed'] == pytest.approx(1 / 3)
    assert counts['called']['dog'] == dict(cat=1)
    assert counts['unseen']['dog'] == 2
