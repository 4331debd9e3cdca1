import numpy as np
import pytest
from audit_toys import SETTINGS, ToyData, one_weight

from mmswap.audit.panel.relearning import RelearningTest, area, relearn

# AdamW's, by torch's default.
DECAY = .01


def driven(start, steps):
    """A weight under a constant gradient: lr a step, less the decay."""
    value = start
    for _ in range(steps):
        value = value * (1 - SETTINGS.lr * DECAY) + SETTINGS.lr
    return value


def test_a_curve_is_that_of_the_closed_form():
    curve = relearn(one_weight(.5), ToyData(), 4, 0)
    np.testing.assert_allclose(
        curve, [.5, driven(.5, 2), driven(.5, 5)], rtol=1e-5)


def test_what_is_at_rest_stays():
    """Retained images drive nothing here but the decay."""
    data = ToyData()
    found = RelearningTest().run(one_weight(.5), data)
    np.testing.assert_allclose(found['relearning/retained'].value, .5,
                               atol=1e-3)
    shots = found['relearning/shots']
    wanted = area([0, 2, 5], [.5, driven(.5, 2), driven(.5, 5)])
    np.testing.assert_allclose(shots[:3], [wanted] * 3, rtol=1e-5)
    assert shots.details['steps'] == [0, 2, 5]
    assert len(shots.details['curves']) == 2
    assert data.asked == [(4, 0), (4, 1), (None, 0), (None, 1)]


def test_what_is_nearer_comes_back_sooner():
    values = [RelearningTest().run(one_weight(start), ToyData())
              ['relearning/shots'].value for start in (0., .4)]
    assert values[0] + .3 < values[1]


@pytest.mark.parametrize('steps, values, wanted', [
    ([0, 10], [0, 1], .5), ([0, 1, 11], [1, 1, 0], 6 / 11),
    ([2, 4], [.3, .3], .3)])
def test_the_area_is_a_mean_height(steps, values, wanted):
    np.testing.assert_allclose(area(steps, values), wanted)
