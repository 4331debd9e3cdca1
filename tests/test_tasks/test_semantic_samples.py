"""mIoU by split: mmseg's IoUMetric against a loop over pixels."""
import numpy as np
import pytest
import torch
from mmengine.evaluator import Evaluator
from mmengine.structures import PixelData
from mmseg.evaluation import IoUMetric
from mmseg.structures import SegDataSample

from mmswap.evaluation import SwapEvaluator
from mmswap.tasks.semantic import SemanticSamples

NAMES = ('cat', 'dog', 'cow', 'owl', 'fox')
CLASSES = dict(base=list(NAMES[:3]), learn=list(NAMES[3:]), forget=['dog'])
META = dict(classes=NAMES, swap_classes=CLASSES)
LABELS = dict(retain=(0, 2), forget=(1, ), learn=(3, 4), all=range(5))
SPLITS = ('retain', 'forget', 'learn')


def make_samples(seed=0, count=6, missing=()):
    """Random maps, some labels in some images only, of different dtypes."""
    rng = np.random.default_rng(seed)
    samples = []
    for index in range(count):
        shown = [
            label for label in rng.choice(5, 3, replace=False)
            if label not in missing
        ] + [255]
        truth = rng.choice(shown, (1, 6, 7))
        predicted = np.where(
            rng.random(truth.shape) < .4, truth, rng.integers(
                0, 5, truth.shape)) % 255
        sample = SegDataSample(metainfo=dict(img_path=f'{index}.png'))
        sample.gt_sem_seg = PixelData(data=torch.from_numpy(truth).byte())
        sample.pred_sem_seg = PixelData(data=torch.from_numpy(predicted))
        sample.seg_logits = PixelData(data=torch.zeros(5, 6, 7))
        samples.append(sample)
    return samples


def loop_iou(samples, labels, own_images=False):
    """Mean IoU of labels, perhaps only on images that show one."""
    hits, seen = {}, {}
    for sample in samples:
        truth = sample.gt_sem_seg.data.flatten().tolist()
        predicted = sample.pred_sem_seg.data.flatten().tolist()
        if own_images and not set(truth) & set(labels):
            continue
        for t, p in zip(truth, predicted):
            if t == 255:
                continue
            for label in {t, p} & set(labels):
                seen[label] = seen.get(label, 0) + 1
                hits[label] = hits.get(label, 0) + (t == p)
    ious = [hits[label] / seen[label] for label in seen]
    return 100 * sum(ious) / len(ious)


def evaluate(evaluator, samples):
    evaluator.dataset_meta = META
    for start in range(0, len(samples), 2):
        evaluator.process(samples[start:start + 2])
    return evaluator.evaluate(len(samples))


@pytest.mark.parametrize('images', ['all', 'split'])
@pytest.mark.parametrize('missing', [(), (4, ), (0, 1)])
@pytest.mark.parametrize('seed', range(3))
def test_miou_is_the_mean_over_the_classes_of_the_split(
        seed, missing, images):
    samples = make_samples(seed, missing=missing)
    results = evaluate(
        SwapEvaluator({split: dict(type='mmseg.IoUMetric')
                       for split in SPLITS}, images=images), samples)
    for split in SPLITS:
        if set(LABELS[split]) <= set(missing):
            assert f'{split}/mIoU' not in results
            continue
        expected = loop_iou(samples, LABELS[split], images == 'split')
        assert results[f'{split}/mIoU'] == pytest.approx(expected, abs=.006)
        # The name that stands for the split in the scores.
        assert results[f'swap/{split}'] == results[f'{split}/mIoU']


def test_all_is_the_stock_figure():
    samples = make_samples()
    stock = evaluate(Evaluator(IoUMetric()), samples)
    ours = evaluate(SwapEvaluator(dict(all=IoUMetric())), samples)
    assert ours == {f'all/{name}': value for name, value in stock.items()}
    assert stock['mIoU'] == pytest.approx(
        loop_iou(samples, LABELS['all']), abs=.006)


def one_row(truth, predicted):
    sample = SegDataSample()
    sample.gt_sem_seg = PixelData(data=torch.tensor([[truth]]))
    sample.pred_sem_seg = PixelData(data=torch.tensor([[predicted]]))
    return sample


@pytest.mark.parametrize('truth, predicted, miou', [
    # A dog's pixel taken for a cat is a false positive of the cat.
    ([0, 0, 1, 1], [0, 0, 0, 1], 66.67),
    # Not if it is to be ignored.
    ([0, 0, 255, 1], [0, 0, 0, 1], 100),
    # What the dog's pixels are taken for is of no concern otherwise.
    ([0, 0, 1, 1], [0, 0, 3, 4], 100),
    # A cat's pixel taken for a dog is missed.
    ([0, 0, 1, 1], [0, 1, 1, 1], 50),
    # A cow that is nowhere is wrong, so it counts as 0 in the mean.
    ([0, 0, 1, 1], [0, 0, 2, 1], 50),
    # Nothing found at all.
    ([0, 0, 1, 1], [3, 3, 3, 3], 0),
])
def test_what_counts(truth, predicted, miou):
    evaluator = SwapEvaluator(dict(retain=IoUMetric()), images='split')
    # An image without a cat or a cow does not count.
    samples = [one_row(truth, predicted), one_row([1, 1, 1, 1], [0, 2, 0, 2])]
    results = evaluate(evaluator, samples)
    assert results['retain/mIoU'] == pytest.approx(miou, abs=.006)


def test_false_alarms_count_on_all_images():
    evaluator = SwapEvaluator(dict(retain=IoUMetric()))
    # Two cats' pixels are right; two of a dog are taken for cats elsewhere.
    samples = [one_row([0, 0, 1, 1], [0, 0, 1, 1]),
               one_row([1, 1, 1, 1], [0, 0, 1, 1])]
    assert evaluate(evaluator, samples)['retain/mIoU'] == 50


def test_what_a_map_shows():
    kind, sample = SemanticSamples(), one_row([0, 1, 2, 255], [0, 0, 0, 0])
    for labels, shown in (((0, 2), {0, 2}), ((3, ), set()), ((), set())):
        part = kind.restrict(sample.to_dict(), labels)
        assert kind.shown(part) == shown


def test_accuracy_is_that_of_the_pixels_of_the_split():
    evaluator = SwapEvaluator(dict(retain=IoUMetric()))
    results = evaluate(evaluator, [one_row([0, 0, 2, 1], [0, 1, 2, 0])])
    assert results['retain/aAcc'] == pytest.approx(66.67, abs=.006)


def test_the_sample_stays_as_it_is_and_logits_are_left_out():
    sample = make_samples()[0].to_dict()
    before = [sample[key]['data'].clone()
              for key in ('gt_sem_seg', 'pred_sem_seg')]
    part = SemanticSamples().restrict(sample, range(5))
    assert part['img_path'] == '0.png' and 'seg_logits' not in part
    assert torch.equal(sample['gt_sem_seg']['data'], before[0])
    assert torch.equal(sample['pred_sem_seg']['data'], before[1])


def test_ground_truth_is_needed():
    sample = make_samples()[0].to_dict()
    del sample['gt_sem_seg']
    with pytest.raises(ValueError, match='must have a LoadAnnotations'):
        SemanticSamples().restrict(sample, (0, ))
