"""Matching of segments and the means over classes, by hand."""
import numpy as np
import pytest

from mmswap.tasks.panoptic_quality import match_segments, mean_qualities


def row(*values):
    """A map of ten pixels for each value."""
    return np.repeat([values], 10, axis=1)


def match(truth, predicted, crowds=(), num_classes=2):
    """The table of maps in which id 10 * label + number has that label."""
    return match_segments(
        row(*truth), {i: i // 10 for i in truth if i >= 10}, set(crowds),
        row(*predicted), {i: i // 10 for i in predicted if i >= 10},
        num_classes)


@pytest.mark.parametrize('truth, predicted, crowds, table', [
    # Three of four pixels: an IoU of 3/4.
    ([11, 11, 11, 11], [11, 11, 11, 1], (), [.75, 1, 0, 0]),
    # A half is not over a half: wrong and missed.
    ([11, 11], [11, 1], (), [0, 0, 1, 1]),
    # Void does not count in the IoU, and hides what is wrong.
    ([11, 0], [11, 11], (), [1, 1, 0, 0]),
    ([0, 0, 1], [11, 11, 11], (), [0, 0, 0, 0]),
    ([0, 1, 1], [11, 11, 11], (), [0, 0, 1, 0]),
    # A crowd need not be found, and what is seen in it is not wrong.
    ([11, 11], [1, 1], (11, ), [0, 0, 0, 0]),
    ([11, 11], [12, 13], (11, ), [0, 0, 0, 0]),
    # What `truth` does not name is of no interest, but not void.
    ([5, 5], [11, 11], (), [0, 0, 1, 0]),
])
def test_matching(truth, predicted, crowds, table):
    found = match(truth, predicted, crowds)
    assert found[1].tolist() == pytest.approx(table)
    assert not found[0].any()


def test_means_are_over_classes_that_occur_or_are_predicted():
    table = np.array([[0, 0, 0, 0], [1.5, 2, 1, 1], [0, 0, 1, 0]])
    # The second class: 1.5 / 3, 1.5 / 2 and 2 / 3; the third is 0.
    assert mean_qualities(table) == pytest.approx(
        dict(PQ=25, SQ=37.5, RQ=100 / 3))
    assert mean_qualities(table[:1]) == {}
