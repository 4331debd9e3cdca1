"""Panoptic quality: mmdet's own matching, and hand-made cases."""
from collections import defaultdict
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmdet.evaluation.functional import panoptic_utils
from mmdet.structures import DetDataSample
from mmengine.evaluator import Evaluator
from mmengine.structures import PixelData

from mmswap.evaluation import SwapEvaluator
from mmswap.tasks.panoptic_metric import PanopticMetric

NAMES = ('cat', 'dog', 'owl', 'grass', 'sky')
CLASSES = dict(
    base=['cat', 'dog', 'grass'], learn=['owl', 'sky'], forget=['dog'],
    stuff=['grass', 'sky'])
META = dict(
    classes=NAMES, swap_classes=CLASSES, thing_classes=NAMES[:3],
    stuff_classes=NAMES[3:])
LABELS = dict(retain=(0, 3), forget=(1, ), learn=(2, 4), all=range(5))
VOID = 5
THINGS = (0, 1, 2)


def colours(ids):
    """The BGR picture of a map of segment ids."""
    return np.stack([ids >> 16 & 255, ids >> 8 & 255, ids & 255], -1)


def make_sample(path, truth_ids, segments, predicted):
    """A data sample.

    Args:
        path: Where to write the map of true segments.
        truth_ids: Their ids, (h, w).
        segments: Label and whether it is a crowd, by id.
        predicted: label + 1000 * number of each pixel, (h, w).
    """
    cv2.imwrite(str(path), colours(truth_ids))
    sample = DetDataSample(
        metainfo=dict(
            seg_map_path=str(path),
            segments_info=[
                dict(id=i, category=label, is_thing=label in THINGS
                     and not crowd)
                for i, (label, crowd) in segments.items()
            ]))
    sample.pred_panoptic_seg = PixelData(
        sem_seg=torch.from_numpy(predicted)[None])
    return sample


def random_maps(seed):
    """True ids, their labels and crowds, and predictions near the truth."""
    rng = np.random.default_rng(seed)
    cells = rng.integers(0, 7, (4, 5))
    # Segment 0 is void; at most one crowd of a class, as in COCO.
    ids = np.array([0, *rng.choice(2**24 - 1, 6, replace=False) + 1])
    labels = rng.integers(0, 5, 7)
    crowd = int(rng.integers(1, 7))
    segments = {
        int(ids[i]): (int(labels[i]), i == crowd and labels[i] in THINGS)
        for i in range(1, 7)
    }
    truth = np.kron(ids[cells], np.ones((6, 6), int))
    wrong = rng.integers(0, 7, (4, 5))
    guess = np.where(rng.random((4, 5)) < .7, cells, wrong)
    guess = np.roll(np.kron(guess, np.ones((6, 6), int)), 1, 1)
    # Some predictions have another class than the truth, or none.
    guessed = np.where(rng.random(7) < .75, labels, rng.integers(0, 6, 7))
    predicted = np.where(guessed[guess] == VOID, VOID,
                         guessed[guess] + 1000 * guess)
    return truth, segments, predicted


def stock_counts(tmp_path, monkeypatch, maps):
    """iou, tp, fp and fn of each class, by mmdet's matching."""
    stats = defaultdict(lambda: SimpleNamespace(iou=0., tp=0, fp=0, fn=0))
    # What it takes from panopticapi, which pip has not.
    monkeypatch.setattr(panoptic_utils, 'PQStat', lambda: stats)
    monkeypatch.setattr(panoptic_utils, 'rgb2id',
                        lambda rgb: rgb.astype(int) @ [1, 256, 65536])
    pairs = []
    for number, (truth, segments, predicted) in enumerate(maps):
        cv2.imwrite(str(tmp_path / f't{number}.png'), colours(truth))
        found = np.where(predicted == VOID, 0, predicted + 1)
        cv2.imwrite(str(tmp_path / f'p{number}.png'), colours(found))
        pairs.append((dict(
            image_id=number, file_name=f't{number}.png',
            segments_info=[
                dict(id=i, category_id=label, iscrowd=int(crowd),
                     area=(truth == i).sum())
                for i, (label, crowd) in segments.items()
            ]), dict(
                image_id=number, file_name=f'p{number}.png',
                segments_info=[
                    dict(id=i, category_id=(i - 1) % 1000)
                    for i in np.unique(found).tolist() if i
                ])))
    folder = str(tmp_path)
    panoptic_utils.pq_compute_single_core(0, pairs, folder, folder, range(5))
    return stats


def means(stats, labels):
    """PQ, SQ and RQ in percent over the labels that occur."""
    rows = []
    for label in labels:
        s = stats[label]
        if s.tp + s.fp + s.fn:
            size = s.tp + s.fp / 2 + s.fn / 2
            rows.append((s.iou / size, s.iou / s.tp if s.tp else 0,
                         s.tp / size))
    return 100 * np.mean(rows, axis=0)


@pytest.mark.parametrize('seed', range(12))
def test_numbers_are_those_of_mmdet(tmp_path, monkeypatch, seed):
    maps = [random_maps(4 * seed + i) for i in range(4)]
    stats = stock_counts(tmp_path, monkeypatch, maps)
    assert sum(s.tp for s in stats.values()) >= 3
    metric = PanopticMetric()
    metric.dataset_meta = META
    for number, sample in enumerate(maps):
        metric.process(
            None, [make_sample(tmp_path / f'{number}.png', *sample).to_dict()])
    results = metric.evaluate(4)
    for suffix, labels in (('', range(5)), ('_th', THINGS), ('_st', (3, 4))):
        found = [results[f'coco_panoptic/{name}{suffix}']
                 for name in ('PQ', 'SQ', 'RQ')]
        assert found == pytest.approx(means(stats, labels).tolist())


def cells(*values):
    """A map of 10x10 pixels for each value, in a row."""
    return np.kron(np.array([values]), np.ones((10, 10), int))


def evaluate(tmp_path,
             scenes,
             splits=('retain', 'forget', 'learn', 'all'),
             **kwargs):
    evaluator = SwapEvaluator(
        {split: dict(type='mmswap.PanopticMetric') for split in splits},
        **kwargs)
    evaluator.dataset_meta = META
    for number, scene in enumerate(scenes):
        evaluator.process([make_sample(tmp_path / f'{number}.png', *scene)])
    return evaluator.evaluate(len(scenes))


def test_each_split_has_its_own_quality(tmp_path):
    # A cat, a dog and grass; the dog is taken for a cat.
    truth = cells(7, 8, 9, 9)
    segments = {7: (0, False), 8: (1, False), 9: (3, False)}
    predicted = cells(1000, 2000, 3, 3)
    results = evaluate(tmp_path, [(truth, segments, predicted)])
    # Cat: one hit, one false positive, so 1 / 1.5. Grass: 1.
    assert results['retain/coco_panoptic/PQ_th'] == pytest.approx(200 / 3)
    assert results['retain/coco_panoptic/PQ_st'] == 100
    assert results['retain/coco_panoptic/PQ'] == pytest.approx(250 / 3)
    assert results['swap/retain'] == results['retain/coco_panoptic/PQ']
    # The dog is missed; no stuff is to be forgotten.
    assert results['forget/coco_panoptic/PQ'] == 0
    assert 'forget/coco_panoptic/PQ_st' not in results
    # No image has an owl or sky.
    assert not any(name.startswith('learn/') for name in results)
    assert results['all/coco_panoptic/PQ'] == pytest.approx(500 / 9)


@pytest.mark.parametrize('images, retain', [('split', 100), ('all', 50)])
def test_false_alarms_on_images_of_other_splits(tmp_path, images, retain):
    cat = (cells(7, 0), {7: (0, False)}, cells(1000, VOID))
    # Two cats are seen on the dog.
    dog = (cells(8, 8), {8: (1, False)}, cells(1000, 2000))
    results = evaluate(tmp_path, [cat, dog], images=images)
    assert results['retain/coco_panoptic/PQ'] == retain
    assert results['forget/coco_panoptic/PQ'] == 0
    assert results['all/coco_panoptic/PQ'] == 25


def test_what_is_ignored_is_void_for_each_split(tmp_path):
    # The second segment is one that ClassSubset ignores.
    truth = cells(7, 8)
    predicted = cells(1000, 2000)
    segments = {7: (0, False), 8: (255, False)}
    results = evaluate(tmp_path, [(truth, segments, predicted)])
    assert results['retain/coco_panoptic/PQ'] == 100
    assert results['all/coco_panoptic/PQ'] == 100


def test_samples_stay_as_they_are(tmp_path):
    sample = make_sample(tmp_path / 'a.png', *random_maps(0))
    before = sample.pred_panoptic_seg.sem_seg.clone()
    evaluator = SwapEvaluator(
        {split: PanopticMetric() for split in ('all', 'retain', 'forget')})
    evaluator.dataset_meta = META
    evaluator.process([sample])
    assert torch.equal(sample.pred_panoptic_seg.sem_seg, before)


def test_all_is_what_the_metric_says_alone(tmp_path):
    maps = [random_maps(i) for i in range(3)]
    samples = [make_sample(tmp_path / f'{i}.png', *maps[i]) for i in range(3)]
    alone = Evaluator(PanopticMetric())
    alone.dataset_meta = META
    alone.process(samples)
    results = evaluate(tmp_path, maps, splits=['all'])
    assert results == {f'all/{k}': v for k, v in alone.evaluate(3).items()}


@pytest.mark.parametrize('split', ['all', 'retain'])
@pytest.mark.parametrize('key', ['segments_info', 'seg_map_path'])
def test_ground_truth_is_needed(tmp_path, split, key):
    sample = make_sample(tmp_path / 'a.png', *random_maps(0)).to_dict()
    del sample[key]
    evaluator = SwapEvaluator({split: PanopticMetric()})
    evaluator.dataset_meta = META
    with pytest.raises(ValueError, match='meta_keys of PackDetInputs'):
        evaluator.process([sample])


def test_things_must_be_told(tmp_path):
    metric = PanopticMetric()
    metric.dataset_meta = dict(classes=NAMES)
    sample = make_sample(tmp_path / 'a.png', *random_maps(0)).to_dict()
    with pytest.raises(ValueError, match='must name thing_classes'):
        metric.process(None, [sample])


def test_the_stock_metric_is_refused():
    class CocoPanopticMetric(PanopticMetric):
        """Named as the one that needs panopticapi."""

    with pytest.raises(ValueError, match='must be mmswap.PanopticMetric'):
        SwapEvaluator(dict(all=CocoPanopticMetric()))
