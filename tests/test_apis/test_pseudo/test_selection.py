"""Which predictions are taken for objects, by construction."""
import numpy as np
import pytest

from mmswap.apis.pseudo.found import Found
from mmswap.apis.pseudo.selection import (
    PseudoSettings,
    as_annotation,
    select,
)
from mmswap.apis.pseudo.thresholds import Thresholds
from mmswap.tasks.instance_overlaps import box_ious

HALVES = Thresholds.same(.5, 4)
BOX, FAR = [0, 0, 10, 10], [50, 50, 60, 60]


def found(*predictions):
    boxes, labels, scores = zip(*predictions)
    return Found(np.array(boxes, float), np.array(labels), np.array(scores),
                 None, (100, 100))


def chosen(predictions, labelled=(), settings=PseudoSettings()):  # noqa: B008
    kept, certain = select(
        found(*predictions), HALVES, [dict(bbox=b) for b in labelled],
        settings)
    return list(zip(kept.labels.tolist(), certain.tolist()))


def test_certain_uncertain_and_neither():
    predictions = [(BOX, 0, .5), (FAR, 1, .49), ([20, 20, 30, 30], 2, .25),
                   ([70, 70, 80, 80], 3, .24)]
    assert chosen(predictions) == [(0, True), (1, False), (2, False)]
    assert chosen(predictions, settings=PseudoSettings(uncertain=1.)) == [
        (0, True)]


def test_what_a_person_labelled_goes_before():
    """Its box is given as COCO has it: corner, width and height."""
    predictions = [(FAR, 0, .9), (BOX, 1, .8)]
    assert chosen(predictions, labelled=[[50, 50, 10, 8]]) == [(1, True)]
    assert chosen(predictions, labelled=[[50, 50, 10, 8]],
                  settings=PseudoSettings(overlap=.9))[0] == (0, False)


def test_a_part_of_what_a_person_labelled_is_uncertain():
    assert chosen([([2, 2, 6, 6], 0, .9)], labelled=[[0, 0, 10, 10]]) == [
        (0, False)]
    # Beside it, with little in common.
    assert chosen([([8, 0, 18, 10], 0, .9)], labelled=[[0, 0, 10, 10]]) == [
        (0, True)]


def test_an_object_has_one_class():
    near = [0, 0, 10, 9]
    assert chosen([(BOX, 0, .9), (near, 1, .8), (near, 0, .7)]) == [
        (0, True), (0, True)]
    # Of a chain the middle one goes, and the last stays.
    assert chosen([([0, 0, 10, 10], 0, .9), ([0, 0, 10, 8], 1, .8),
                   ([0, 0, 10, 6.5], 2, .7)]) == [(0, True), (2, True)]


def test_ious():
    first = np.array([[0, 0, 2, 2], [5, 5, 6, 6.]])
    second = np.array([[1, 0, 3, 2.]])
    assert box_ious(first, second) == pytest.approx(np.array([[1 / 3], [0]]))
    assert box_ious(first, second[:0]).shape == (2, 0)


def test_annotations_are_those_of_coco():
    annotation = as_annotation(found(([1, 2, 4, 8], 0, .75)), 0)
    assert annotation == dict(bbox=[1, 2, 3, 6], area=18, pseudo=True,
                              score=.75)


@pytest.mark.parametrize('key', ['score', 'uncertain', 'overlap'])
def test_numbers_out_of_range(key):
    with pytest.raises(ValueError, match=f'--{key}'):
        PseudoSettings(**{key: 1.5}).check()
