"""What objects are called: by hand, and by loops over random boxes."""
import copy

import cv2
import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData
from mmpretrain.structures import DataSample
from pycocotools import mask as mask_utils

from mmswap.tasks.detection import DetectionSamples
from mmswap.tasks.image import ImageSamples
from mmswap.tasks.naming import FoundRule, Naming, name_objects
from mmswap.tasks.panoptic import PanopticSamples
from mmswap.tasks.panoptic_metric import PanopticMetric
from mmswap.tasks.semantic import SemanticSamples

CAT, DOG, COW = range(3)
BOX, INSIDE = (0, 0, 10, 10), (0, 0, 10, 6)  # IoU 0.6
LEFT_HALF, ELSEWHERE = (0, 0, 5, 10), (20, 20, 30, 30)  # IoU 0.5 and 0
RULE = FoundRule(.5, .3)


def make_sample(objects, predictions, masks=None):
    """A sample of (label, box, ignored) and (label, box, score)."""
    sample = DetDataSample(metainfo=dict(
        ori_shape=(40, 40),
        instances=[
            dict(bbox=list(map(float, box)), bbox_label=label,
                 ignore_flag=ignored) for label, box, ignored in objects
        ]))
    sample.pred_instances = InstanceData(
        labels=torch.tensor([p[0] for p in predictions], dtype=torch.long),
        bboxes=torch.tensor([p[1] for p in predictions],
                            dtype=torch.float).reshape(-1, 4),
        scores=torch.tensor([p[2] for p in predictions]))
    if masks is not None:
        sample.pred_instances.masks = masks
    return sample.to_dict()


def names_of(objects, predictions, rule=RULE):
    """(true label, label it is found as, whether any prediction is there)."""
    namings = DetectionSamples().namings(
        make_sample(objects, predictions), None, rule)
    return [(n.label, n.name, n.localized) for n in namings]


@pytest.mark.parametrize(('predictions', 'name', 'localized'), [
    ([(CAT, BOX, .3)], CAT, True),
    ([(DOG, BOX, .9)], DOG, True),
    # Its own name counts wherever it is shown, however high another scores.
    ([(DOG, BOX, .9), (CAT, LEFT_HALF, .4)], CAT, True),
    # Of others the one with the highest score, not with the highest IoU.
    ([(DOG, BOX, .5), (COW, INSIDE, .6)], COW, True),
    ([(CAT, BOX, .29)], None, True),
    ([(CAT, BOX, .29), (COW, BOX, .31)], COW, True),
    ([(CAT, (0, 0, 4.9, 10), .9)], None, False),
    ([(CAT, ELSEWHERE, .9)], None, False),
    ([], None, False),
])
def test_the_name_of_one_object(predictions, name, localized):
    assert names_of([(CAT, BOX, 0)], predictions) == [(CAT, name, localized)]


def test_the_rule_is_the_callers():
    predictions = [(CAT, INSIDE, .5)]
    for rule, name in ((FoundRule(.6, .5), CAT), (FoundRule(.61, .5), None),
                       (FoundRule(.6, .51), None)):
        found = names_of([(CAT, BOX, 0)], predictions, rule)
        assert [each[1] for each in found] == [name]


def test_a_prediction_that_names_another_object_is_about_that_one():
    """A rider is not a bicycle, though the boxes overlap by half."""
    objects = [(CAT, BOX, 0), (DOG, INSIDE, 0)]
    found = names_of(objects, [(DOG, INSIDE, .9)])
    assert found == [(CAT, None, False), (DOG, DOG, True)]
    # One that is right about none has the first and the second renamed.
    found = names_of(objects, [(COW, INSIDE, .9)])
    assert found == [(CAT, COW, True), (DOG, COW, True)]


def test_two_of_a_class_may_share_a_prediction():
    objects = [(CAT, BOX, 0), (CAT, INSIDE, 0)]
    found = names_of(objects, [(CAT, BOX, .9)])
    assert found == [(CAT, CAT, True)] * 2


def test_ignored_objects_have_no_name():
    crowd = (DOG, (0, 0, 40, 40), 1)
    assert names_of([crowd], [(DOG, BOX, .9)]) == []
    assert names_of([], [(DOG, BOX, .9)]) == []
    # A region that belongs to no class (CrowdHuman).
    assert names_of([(-1, BOX, 0)], [(DOG, BOX, .9)]) == []
    # What is in a crowd of its class is about the crowd.
    found = names_of([(CAT, BOX, 0), crowd], [(DOG, BOX, .9)])
    assert found == [(CAT, None, False)]
    found = names_of([(CAT, BOX, 0), crowd], [(COW, BOX, .9)])
    assert found == [(CAT, COW, True)]


def test_scores_are_those_of_what_found_it():
    sample = make_sample([(CAT, BOX, 0), (DOG, ELSEWHERE, 0)],
                         [(CAT, BOX, .5), (CAT, BOX, .75), (COW, BOX, .9)])
    found = DetectionSamples().namings(sample, None, RULE)
    assert found == [
        Naming(CAT, CAT, score=.75, localized=True),
        Naming(DOG, None, localized=False)
    ]


def test_masks_count_where_both_sides_have_them():
    # One box, and masks of its left and right half.
    left, right = np.zeros((2, 40, 40), bool)
    left[:10, :5] = right[:10, 5:10] = True
    rle = mask_utils.encode(np.asfortranarray(left.astype(np.uint8)))
    polygon = [[0, 0, 5, 0, 5, 10, 0, 10]]
    counts = dict(size=[40, 40], counts=[0, *[10, 30] * 4, 10, 1430])
    for true_mask in (rle, polygon, counts):
        for masks, name in ((left, DOG), (right, None)):
            found = torch.from_numpy(masks)[None]
            for given in (found, [mask_utils.encode(
                    np.asfortranarray(masks.astype(np.uint8)))]):
                sample = make_sample([(CAT, BOX, 0)], [(DOG, BOX, .9)], given)
                sample['instances'][0]['mask'] = true_mask
                naming, = DetectionSamples().namings(sample, None, RULE)
                assert naming.name == name
    # Without a true mask boxes do.
    sample = make_sample([(CAT, BOX, 0)], [(DOG, BOX, .9)], found)
    naming, = DetectionSamples().namings(sample, None, RULE)
    assert naming.name == DOG


def test_samples_stay_as_they_are():
    sample = make_sample([(CAT, BOX, 0)], [(DOG, BOX, .9)])
    before = copy.deepcopy(sample)
    DetectionSamples().namings(sample, None, RULE)
    assert str(before) == str(sample)


def loop_iou(first, second):
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    inter = max(width, 0) * max(height, 0)
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (first, second)]
    return inter / (sum(areas) - inter)


def loop_names(objects, predictions):
    """The names, object by object and prediction by prediction."""
    found = []
    for i, (label, box, _) in enumerate(objects):
        own, others, near = False, [], False
        for name, place, score in predictions:
            if loop_iou(box, place) < .5:
                continue
            if name != label and any(
                    name == other and loop_iou(there, place) >= .5
                    for j, (other, there, _) in enumerate(objects) if j != i):
                continue
            near = True
            if score >= .3:
                own = own or name == label
                others.append((score, name))
        best = max(others)[1] if others else None
        found.append((label, label if own else best, near))
    return found


def test_random_boxes_against_loops():
    rng = np.random.default_rng(0)
    outcomes = set()
    for _ in range(200):
        corners = rng.integers(0, 8, (14, 2))
        boxes = np.concatenate([corners, corners + rng.integers(
            4, 9, (14, 2))], 1).tolist()
        labels = rng.integers(0, 3, 14).tolist()
        scores = rng.permutation(100)[:14] / 100
        count = int(rng.integers(1, 5))
        objects = [(label, box, 0) for label, box in
                   zip(labels[:count], boxes[:count])]
        predictions = list(zip(labels[count:], boxes[count:],
                               scores[count:].tolist()))
        expected = loop_names(objects, predictions)
        assert names_of(objects, predictions) == expected
        outcomes |= {(n is None, n == label, near)
                     for label, n, near in expected}
    assert len(outcomes) == 4  # named, renamed, unseen twice


def test_no_prediction_at_all():
    ious = np.zeros((2, 0))
    found = name_objects(ious, [CAT, DOG], [False, True], [], [], RULE)
    assert found == [Naming(CAT, None, localized=False)]
    sample = make_sample([(CAT, BOX, 0)], [])
    sample['pred_instances'] = {}  # As some models leave it.
    assert DetectionSamples().namings(sample, None, RULE) == found


def test_segments(tmp_path):
    """Four stripes: named, renamed, under a half, and a crowd; and void."""
    truth = np.zeros((6, 10), int)
    ids = [70000, 5, 300, 9]
    for row, each in enumerate(ids):
        truth[row] = each
    truth[4, :5] = 11  # to be ignored: void
    cv2.imwrite(
        str(tmp_path / 'ids.png'),
        np.stack([truth >> 16 & 255, truth >> 8 & 255, truth & 255], -1))
    sky = 3
    predicted = np.full((6, 10), 4)  # 4 is nothing
    predicted[0, :6] = CAT
    predicted[1, :] = COW + 1000
    predicted[2, :4] = DOG + 2000
    predicted[3] = DOG + 3000
    predicted[4] = CAT  # Void pixels do not count.
    sample = dict(
        seg_map_path=str(tmp_path / 'ids.png'),
        segments_info=[
            dict(id=ids[0], category=CAT, is_thing=True),
            dict(id=ids[1], category=sky, is_thing=False),
            dict(id=ids[2], category=DOG, is_thing=True),
            dict(id=ids[3], category=DOG, is_thing=False),
            dict(id=11, category=255, is_thing=True),
        ],
        pred_panoptic_seg=dict(sem_seg=torch.from_numpy(predicted)[None]))
    metric = PanopticMetric()
    metric.dataset_meta = dict(
        classes=('cat', 'dog', 'cow', 'sky'),
        thing_classes=('cat', 'dog', 'cow'))
    found = PanopticSamples().namings(sample, metric, RULE)
    assert found == [
        Naming(CAT, CAT, localized=True),
        Naming(sky, COW, localized=True),
        Naming(DOG, None, localized=False)
    ]


def test_pixels():
    truth = torch.tensor([[0, 0, 0, 1, 255, 2]], dtype=torch.uint8)
    predicted = torch.tensor([[0, 2, 2, 1, 1, 0]])
    sample = dict(gt_sem_seg=dict(data=truth[None]),
                  pred_sem_seg=dict(data=predicted[None]))
    found = SemanticSamples().namings(sample, None, RULE)
    assert sorted(found) == [
        Naming(0, 0, 1), Naming(0, 2, 2), Naming(1, 1, 1), Naming(2, 0, 1)]


def test_images():
    sample = DataSample().set_gt_label(1).set_pred_label(2)
    found = ImageSamples().namings(sample.to_dict(), None, RULE)
    assert found == [Naming(1, 2)]
    sample.set_pred_score(torch.tensor([.25, 0., .75]))
    found = ImageSamples().namings(sample.to_dict(), None, RULE)
    assert found == [Naming(1, 2, score=.75)]
