import numpy as np
import pytest
from scipy.stats import binom

from mmswap.audit.measured import mean_of, share_of


def test_an_interval_over_images_of_one_object_is_the_binomial_one():
    hits = [1] * 60 + [0] * 140
    found = share_of(hits, [1] * 200)
    assert found.value == .3 and found.details == dict(objects=200)
    low, high = binom.ppf([.025, .975], 200, .3) / 200
    assert abs(found.low - low) <= .011 and abs(found.high - high) <= .011


def test_objects_of_one_image_are_drawn_together():
    """Ten images, all objects of each alike: as wide as of ten objects."""
    alone = share_of([1] * 5 + [0] * 5, [1] * 10)
    together = share_of([20] * 5 + [0] * 5, [20] * 10)
    np.testing.assert_allclose(together[:3], alone[:3])


@pytest.mark.parametrize('hits, ends', [(0, (0, .03)), (1, (.97, 1))])
def test_the_rule_of_three_where_all_come_out_alike(hits, ends):
    found = share_of([hits] * 100, [1] * 100)
    assert found.value == hits
    np.testing.assert_allclose((found.low, found.high), ends)


def test_images_without_an_object_do_not_count():
    assert share_of([1, 0, 0, 0], [1, 1, 0, 0]).value == .5
    with pytest.raises(ValueError, match='classes.forget'):
        share_of([0, 0], [0, 0])


def test_a_mean_reaches_from_the_lowest_to_the_highest():
    found = mean_of([.2, .6, .4], 'draws', steps=[1])
    np.testing.assert_allclose(found[:3], (.4, .2, .6))
    assert found.details == dict(steps=[1]) and '3 draws' in found.over
