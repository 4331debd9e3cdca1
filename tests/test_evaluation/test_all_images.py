"""On all images, the splits average to what the stock metric says."""
import numpy as np
import pytest
import torch
from mmdet.evaluation import CocoMetric
from mmdet.structures import DetDataSample
from mmengine.evaluator import Evaluator
from mmengine.structures import InstanceData, PixelData
from mmpretrain.evaluation import Accuracy
from mmpretrain.structures import DataSample
from mmseg.evaluation import IoUMetric
from mmseg.structures import SegDataSample
from toy_detections import META, box_mask, make_samples, reference, to_rle

from mmswap.evaluation import SwapEvaluator
from mmswap.tasks.panoptic_metric import PanopticMetric

SPLITS = ('retain', 'forget', 'learn')
PANOPTIC_META = dict(
    META, thing_classes=META['classes'][:2], stuff_classes=META['classes'][2:])


def evaluate(evaluator, samples, meta=META):
    evaluator.dataset_meta = meta
    for sample in samples:
        evaluator.process([sample])
    return evaluator.evaluate(len(samples))


def stock_and_mean(make_metric, samples, name, meta=META):
    """The stock figure, and the weighted mean of those of the splits."""
    stock = evaluate(Evaluator(make_metric()), samples, meta)[name]
    evaluator = SwapEvaluator({split: make_metric() for split in SPLITS})
    results = evaluate(evaluator, samples, meta)
    values = [results[f'{split}/{name}'] for split in SPLITS]
    assert len(set(values)) > 1 and min(values) < stock < max(values)
    weights = [metric.weight for metric in evaluator.metrics]
    return stock, np.average(values, weights=weights)


@pytest.mark.parametrize('iou_type', ['bbox', 'segm'])
def test_map(iou_type):
    stock, mean = stock_and_mean(
        lambda: CocoMetric(metric=iou_type), make_samples(),
        f'coco/{iou_type}_mAP')
    # CocoMetric rounds to three digits.
    assert mean == pytest.approx(stock, abs=.001)
    splits = [reference(s, iou_type, digits=15)[None] for s in SPLITS]
    exact = reference('all', iou_type, digits=15)[None]
    assert np.average(splits, weights=(2, 1, 1)) == pytest.approx(exact)


@pytest.mark.parametrize('seed', range(4))
def test_miou(seed):
    rng = np.random.default_rng(seed)
    samples = []
    for turn in range(5):
        shown = np.roll(range(4), -turn)  # Two of four in each map.
        truth = rng.choice([*shown[:2], 255], (1, 8, 9))
        wrong = rng.integers(0, 4, truth.shape)
        guess = np.where(rng.random(truth.shape) < .4, truth, wrong) % 255
        sample = SegDataSample()
        sample.gt_sem_seg = PixelData(data=torch.from_numpy(truth).byte())
        sample.pred_sem_seg = PixelData(data=torch.from_numpy(guess))
        samples.append(sample)
    stock, mean = stock_and_mean(IoUMetric, samples, 'mIoU')
    # IoUMetric rounds to two digits of a percentage.
    assert mean == pytest.approx(stock, abs=.011)


@pytest.mark.parametrize('seed', range(4))
def test_pq(tmp_path, seed):
    import cv2
    rng = np.random.default_rng(seed)
    samples = []
    for number in range(6):
        cells = rng.integers(1, 5, (2, 3))
        labels = rng.integers(0, 4, 5)
        truth = np.kron(cells, np.ones((6, 6), int))
        path = str(tmp_path / f'{number}.png')
        cv2.imwrite(path, np.stack([truth * 0, truth * 0, truth], -1))
        guessed = np.where(rng.random(5) < .6, labels, rng.integers(0, 4, 5))
        shifted = np.roll(truth, 1, 1)
        sample = DetDataSample(
            metainfo=dict(
                seg_map_path=path,
                segments_info=[
                    dict(id=i, category=int(labels[i]), is_thing=labels[i] < 2)
                    for i in np.unique(cells).tolist()
                ]))
        sample.pred_panoptic_seg = PixelData(
            sem_seg=torch.from_numpy(guessed[shifted] + 1000 * shifted)[None])
        samples.append(sample)
    stock, mean = stock_and_mean(
        PanopticMetric, samples, 'coco_panoptic/PQ', PANOPTIC_META)
    assert mean == pytest.approx(stock)


@pytest.mark.parametrize('seed', range(4))
def test_top1_by_images(seed):
    rng = np.random.default_rng(seed)
    labels = rng.choice(4, 40, p=(.1, .2, .3, .4))
    guess = np.where(rng.random(40) < labels / 4 + .1, labels, 0)
    samples = [
        DataSample().set_gt_label(int(label)).set_pred_label(int(found))
        for label, found in zip(labels, guess)
    ]
    stock, mean = stock_and_mean(Accuracy, samples, 'accuracy/top1')
    assert mean == pytest.approx(stock)


def scene(number, label, false_alarm):
    """One object, found exactly, and perhaps an owl where there is none."""
    boxes = [(4, 4, 24, 28)] + [(34, 30, 60, 58)] * false_alarm
    sample = DetDataSample(
        metainfo=dict(
            img_id=number,
            ori_shape=(64, 64),
            instances=[
                dict(bbox=[4., 4., 24., 28.], bbox_label=label, ignore_flag=0,
                     mask=to_rle(box_mask(boxes[0])))
            ]))
    sample.pred_instances = InstanceData(
        labels=torch.tensor([label] + [3] * false_alarm),
        bboxes=torch.tensor(boxes, dtype=torch.float),
        scores=torch.tensor([.5] + [.99] * false_alarm),
        masks=torch.from_numpy(np.stack([box_mask(box) for box in boxes])))
    return sample


def test_a_false_alarm_counts_wherever_it_is():
    """On 90 of 100 images a learned class is seen that is not there."""
    samples = [scene(i, 3, False) for i in range(10)]
    samples += [scene(i, i % 3, True) for i in range(10, 100)]
    found = {}
    for images in ('all', 'split'):
        evaluator = SwapEvaluator(
            {split: CocoMetric(metric=['bbox', 'segm']) for split in SPLITS},
            images=images)
        results = evaluate(evaluator, samples)
        found[images] = [results[f'swap/{split}'] for split in SPLITS]
    assert found['split'] == [1, 1, 1]
    # Ten right after ninety wrong ones: a precision of 0.1 at full recall.
    assert found['all'] == [1, 1, pytest.approx(.1)]
