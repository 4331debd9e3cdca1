"""The scores from which on predictions count, against loops written here."""
import numpy as np
import pytest

from mmswap.apis.pseudo.found import Found
from mmswap.apis.pseudo.thresholds import (
    MIN_OBJECTS,
    Judged,
    Thresholds,
    best_score,
    label_map,
)


def found(boxes, labels, scores):
    order = np.argsort(-np.array(scores), kind='stable')
    return Found(np.array(boxes, float).reshape(-1, 4)[order],
                 np.array(labels, int)[order], np.array(scores)[order], None,
                 (100, 100))


def instance(label, box, ignored=False):
    return dict(bbox_label=label, bbox=box, ignore_flag=int(ignored))


@pytest.mark.parametrize('seed', range(5))
def test_the_best_score_by_trying_all(seed):
    rng = np.random.default_rng(seed)
    scores = rng.integers(1, 9, 40) / 10  # Many are equal.
    right = rng.random(40) < scores
    objects = int(right.sum()) + 7
    f1 = {}
    for score in set(scores):
        hits = sum(r for r, s in zip(right, scores) if s >= score)
        shown = sum(s >= score for s in scores)
        f1[score] = 2 * hits / (shown + objects)
    assert f1[best_score(scores, right, objects)] == max(f1.values())


def test_without_a_right_one_none_counts():
    assert best_score(np.array([.9, .8]), np.array([False, False]), 4) == 1.


def test_each_class_has_its_own():
    """The model is sure of class 0 and hesitant with class 1."""
    judged = Judged(3)
    for i in range(MIN_OBJECTS):
        box = [0., 0., 10., 10.]
        far = [50., 50., 60., 60.]
        judged.add(
            found([box, far, box, far], [0, 0, 1, 1],
                  [.8 + i / 100, .5 + i / 100, .3 + i / 100, .1 + i / 100]),
            [instance(0, box), instance(1, box)], {0: 0, 1: 1})
    thresholds = judged.thresholds()
    assert thresholds.scores[:2] == pytest.approx([.8, .3])
    # The third is not labelled: what is best for all together.
    assert thresholds.objects.tolist() == [MIN_OBJECTS, MIN_OBJECTS, 0]
    assert thresholds.scores[2] == pytest.approx(.3)


def test_what_is_right():
    box, near, far = [0., 0., 10., 10.], [0., 0., 10., 8.], [40., 40., 50., 50]
    judged = Judged(2)
    judged.add(
        found([near, box, box, far, far], [0, 0, 1, 0, 1],
              [.9, .8, .7, .6, .5]),
        # Labels of the data set are 5 and 6; 7 is a class of no interest.
        [instance(5, box), instance(6, far, ignored=True), instance(7, far)],
        {5: 0, 6: 1})
    # The second finds what the first has found, the third has another class,
    # and the last, on what is ignored, does not count.
    assert judged._right == [True, False, False, False]
    assert judged._scores == [.9, .8, .7, .6]
    assert judged._objects.tolist() == [1, 0]


def test_nothing_labelled():
    with pytest.raises(ValueError, match='val_dataloader.*--score'):
        Judged(2).thresholds()


def test_labels_by_name():
    assert label_map(('dog', 'owl', 'cat'), ('cat', 'dog')) == {0: 1, 2: 0}
    assert Thresholds.same(.4, 3).scores.tolist() == [.4] * 3
