"""Segments of a person and of a model, by construction."""
import numpy as np
import pytest

from mmswap.apis.pseudo.segments import (
    FoundSegments,
    JudgedSegments,
    Labelled,
    fill,
)
from mmswap.apis.pseudo.selection import PseudoSettings
from mmswap.apis.pseudo.thresholds import MIN_OBJECTS, Thresholds

# A cat, a dog and the ground, on one row of pixels.
CLASSES = ('cat', 'dog', 'ground')
CAT, DOG, GROUND = range(3)
HALVES = Thresholds.same(.5, 3)


def found(row, *segments):
    """``segments``: label and score of the ids 1, 2, ... in a row."""
    labels, scores = zip(*segments)
    return FoundSegments(
        np.array([row]), np.arange(1, len(segments) + 1), np.array(labels),
        np.array(scores, dtype=float))


def person(row, names=()):
    """``names``: of the ids 1, 2, ... in a row."""
    segments = [dict(id=i, category_id=i, area=-1, bbox=[])
                for i in range(1, len(names) + 1)]
    return Labelled(np.array([row]), segments, names)


def filled(predicted, labelled, settings=PseudoSettings()):  # noqa: B008
    return fill(predicted, labelled, CLASSES, 2, HALVES, settings)


def test_what_is_certain_fills_the_void():
    """The owl, 1, stays; the dog is not certain, and the next is neither."""
    result = filled(
        found([1, 1, 2, 2, 3, 3, 4, 4, 4], (CAT, .9), (DOG, .3), (DOG, .2),
              (GROUND, .8)),
        person([0, 0, 0, 0, 0, 0, 1, 0, 0], ['owl']))
    assert result.ids.tolist() == [[2, 2, 0, 0, 0, 0, 1, 3, 3]]
    assert result.added == {2: CAT, 3: GROUND}
    assert result.ignored == [DOG]
    owl, cat, ground = result.segments
    assert owl == dict(id=1, category_id=1, area=1, bbox=[6, 0, 1, 1])
    assert cat == dict(id=2, iscrowd=0, score=.9, pseudo=True, area=2,
                       bbox=[0, 0, 2, 1])
    assert ground['area'] == 2


@pytest.mark.parametrize('settings, wanted', [
    (PseudoSettings(), [1, 1, 1, 0, 0]),
    # By an IoU of 0.75 it is the same object.
    (PseudoSettings(overlap=.8), [1, 1, 1, 0, 0]),
])
def test_what_a_person_labelled_goes_before(settings, wanted):
    result = filled(found([1, 1, 1, 1, 0], (CAT, .9)),
                    person([1, 1, 1, 0, 0], ['owl']), settings)
    assert result.ids[0].tolist() == wanted and not result.added
    # Below that IoU it is uncertain, as three quarters of it are the owl's.
    assert result.ignored == ([CAT] if settings.overlap == .8 else [])


def test_what_is_left_of_a_segment_stays_where_it_is_most_of_it():
    result = filled(found([1, 1, 1, 1, 1], (CAT, .9)),
                    person([1, 1, 0, 0, 0], ['owl']))
    assert result.ids[0].tolist() == [1, 1, 2, 2, 2]


def test_an_iou_counts_the_pixels_without_a_label():
    """Void is no object; without it in the union the IoU would be 1."""
    result = filled(found([1, 1, 1, 1, 1], (CAT, .9)),
                    person([1, 0, 0, 0, 0], ['owl']))
    assert result.ids[0].tolist() == [1, 2, 2, 2, 2]


def test_stuff_that_a_person_labelled_is_theirs():
    row = [1, 0, 0]
    predicted = found([1, 1, 1], (GROUND, .9))
    assert not filled(predicted, person(row, ['ground'])).added
    assert filled(predicted, person(row, ['owl'])).added == {2: GROUND}
    # There may be two cats.
    assert filled(found([0, 1, 1], (CAT, .9)),
                  person(row, ['cat'])).added == {2: CAT}


def test_background_may_be_something_else():
    """What is certain is taken, what is uncertain void, the rest stays."""
    settings = PseudoSettings(unlabelled=('ground', ))
    result = filled(
        found([1, 2, 3, 3, 4], (CAT, .9), (DOG, .3), (GROUND, .9),
              (DOG, .1)),
        person([1, 1, 1, 1, 1], ['ground']), settings)
    assert result.ids[0].tolist() == [2, 0, 1, 1, 1]
    assert result.segments[0]['area'] == 3
    # Nothing of it is left.
    result = filled(found([1, 1], (CAT, .9)), person([1, 1], ['ground']),
                    settings)
    assert [s['id'] for s in result.segments] == [2]


def test_segments_of_an_earlier_run_are_void():
    """They are in the map, but not among the segments."""
    result = filled(found([1, 1, 0], (CAT, .9)), person([7, 7, 7]))
    assert result.ids[0].tolist() == [1, 1, 0]


def test_each_class_has_its_own_score():
    judged = JudgedSegments(3)
    for i in range(MIN_OBJECTS):
        judged.add(
            found([1, 1, 2, 3, 4, 4], (CAT, .8 + i / 100),
                  (CAT, .5 + i / 100), (DOG, .1 + i / 100),
                  (DOG, .3 + i / 100)),
            np.array([[5, 5, 0, 9, 6, 6]]), {5: CAT, 6: DOG}, [])
    thresholds = judged.thresholds()
    # The second cat, on void, does not count.
    assert thresholds.scores[:2] == pytest.approx([.8, .3])
    assert thresholds.objects.tolist() == [MIN_OBJECTS, MIN_OBJECTS, 0]


@pytest.mark.parametrize('row, truth, crowds, right', [
    ([1, 1, 1, 9], {1: CAT}, [], [True]),
    # Two of five pixels is too little.
    ([1, 1, 9, 9], {1: CAT}, [], [False]),
    ([1, 1, 1, 9], {1: DOG}, [], [False]),
    # Without the void pixel it is two of three.
    ([1, 1, 0, 9], {1: CAT}, [], [True]),
    ([0, 0, 0, 9], {}, [], []),
    ([1, 1, 1, 9], {1: CAT}, [1], []),
    ([1, 1, 1, 9], {1: DOG}, [1], [False]),
])
def test_what_is_right(row, truth, crowds, right):
    judged = JudgedSegments(3)
    judged.add(found([1, 1, 1, 1], (CAT, .7)), np.array([row]), truth, crowds)
    assert judged._right == right
    assert judged._objects.sum() == len(truth) - len(crowds)
