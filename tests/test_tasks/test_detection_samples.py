import copy

import numpy as np
import pytest
import torch
from toy_detections import CAT, COW, DOG, OWL, SIZE, make_sample, to_rle

from mmswap.tasks.detection import DetectionSamples


@pytest.fixture
def kind():
    return DetectionSamples()


def test_objects_and_predictions_of_other_classes_are_left_out(kind):
    sample = make_sample(12).to_dict()
    part = kind.restrict(sample, (CAT, COW))
    assert [i['bbox_label'] for i in part['instances']] == [CAT]
    assert part['gt_instances']['labels'].tolist() == [CAT]
    predicted = part['pred_instances']
    assert predicted['labels'].tolist() == [CAT, COW]
    # Rows 0 and 2 of the three predictions, in every field.
    for key in ('bboxes', 'scores', 'masks'):
        assert torch.equal(predicted[key],
                           sample['pred_instances'][key][[0, 2]])
    assert part['img_id'] == 12
    assert part['ori_shape'] == (SIZE, SIZE)


def test_the_sample_itself_stays_as_it_is(kind):
    sample = make_sample(14).to_dict()
    before = copy.deepcopy(sample)
    kind.stand_in(kind.restrict(sample, (OWL, )), (OWL, ))
    assert sample.keys() == before.keys()
    assert sample['instances'] == before['instances']
    for key, value in before['pred_instances'].items():
        assert torch.equal(sample['pred_instances'][key], value)


def test_fields_of_any_type_are_selected(kind):
    sample = make_sample(12, rle=True).to_dict()
    sample['pred_instances']['extra'] = np.array([7, 8, 9])
    part = kind.restrict(sample, (DOG, ))['pred_instances']
    assert part['masks'] == [sample['pred_instances']['masks'][1]]
    assert part['extra'].tolist() == [8]


def test_an_image_without_an_object_of_the_classes_shows_none(kind):
    for number, labels in ((11, (CAT, COW)), (16, (CAT, OWL))):
        part = kind.restrict(make_sample(number).to_dict(), labels)
        assert part['instances'] == [] and kind.shown(part) == set()
        # What is predicted there is still there to be counted as wrong.
        assert kind.has_predictions(part)


def test_an_ignored_object_is_not_shown(kind):
    sample = make_sample(15).to_dict()
    assert kind.shown(kind.restrict(sample, (CAT, COW))) == set()
    # It stays all the same, so that predictions on it are ignored.
    part = kind.restrict(sample, (CAT, DOG))
    assert [i['ignore_flag'] for i in part['instances']] == [0, 1]
    assert kind.shown(part) == {DOG}


def test_a_split_weighs_as_much_as_classes_are_shown(kind):
    assert kind.weight([{CAT}, set(), {CAT, COW}]) == 2
    assert kind.weight([]) == 0


def test_what_cannot_be_restricted_is_left_out(kind):
    sample = make_sample(10).to_dict()
    sample['pred_panoptic_seg'] = dict(sem_seg=torch.zeros(1, SIZE, SIZE))
    sample['gt_sem_seg'] = dict(sem_seg=torch.zeros(1, SIZE, SIZE))
    part = kind.restrict(sample, (CAT, ))
    assert 'pred_panoptic_seg' not in part
    assert 'gt_sem_seg' not in part


def test_instances_are_needed(kind):
    sample = make_sample(10).to_dict()
    del sample['instances']
    with pytest.raises(
            ValueError, match='dataset must be a mmswap.ClassSubset'):
        kind.restrict(sample, (CAT, ))


def test_predictions_need_labels(kind):
    sample = make_sample(10).to_dict()
    del sample['pred_instances']['labels']
    with pytest.raises(ValueError, match='pred_instances must have labels'):
        kind.restrict(sample, (CAT, ))


def test_empty_ground_truth_elements_pass(kind):
    sample = make_sample(10).to_dict()
    sample['ignored_instances'] = {}
    assert kind.restrict(sample, (CAT, ))['ignored_instances'] == {}


@pytest.mark.parametrize('rle', [False, True])
def test_the_stand_in_is_one_prediction_that_finds_nothing(kind, rle):
    sample = make_sample(14, keep=(OWL, ), rle=rle).to_dict()
    part = kind.restrict(sample, (COW, ))
    assert not kind.has_predictions(part)
    stand_in = kind.stand_in(part, (COW, ))
    assert kind.has_predictions(stand_in)
    assert stand_in['instances'] == part['instances']
    predicted = stand_in['pred_instances']
    assert predicted['labels'].tolist() == [COW]
    assert predicted['scores'].tolist() == [0]
    assert predicted['bboxes'].tolist() == [[0, 0, 0, 0]]
    assert predicted['masks'].shape == (1, SIZE, SIZE)
    empty = to_rle(np.zeros((SIZE, SIZE), dtype=bool))
    assert to_rle(predicted['masks'][0].numpy()) == empty
