import numpy as np
import torch
from audit_toys import ToyData, one_weight

from mmswap.audit.panel.survival import SurvivalTest, round_weights


def test_weights_are_rounded_channel_by_channel():
    """The largest of a row becomes 7; 0.4 of 0.7 in steps of 0.1 stays."""
    weight = torch.tensor([[.7, .42, -.68, 0.], [70., 42., -68., 4.]])
    got = round_weights(dict(weight=weight), 4)['weight']
    wanted = torch.tensor([[.7, .4, -.7, 0.], [70., 40., -70., 0.]])
    torch.testing.assert_close(got, wanted)


def test_eight_bits_move_a_weight_by_half_a_step_at_most():
    state = dict(w=torch.randn(6, 4, 3, 3), b=torch.randn(6),
                 n=torch.tensor([[1, 2]]), z=torch.zeros(2, 2))
    got = round_weights(state, 8)
    step = state['w'].flatten(1).abs().max(1)[0] / 127
    away = (got['w'] - state['w']).abs().flatten(1).max(1)[0]
    assert (away <= step / 2 + 1e-6).all() and (away > 0).any()
    levels = got['w'].flatten(1) / step[:, None]
    torch.testing.assert_close(levels, levels.round(), atol=1e-3, rtol=0)
    for key in 'bnz':
        torch.testing.assert_close(got[key], state[key])


def test_each_figure_is_the_share_that_is_named():
    """A weight alone in its channel is not moved by rounding."""
    found = SurvivalTest().run(one_weight(.4), ToyData())
    assert set(found) == set(SurvivalTest.figures)
    values = [one.value for one in found.values()]
    np.testing.assert_allclose(values, .4)


def test_rounding_that_brings_a_class_back_is_seen():
    """0.04 beside 1 becomes 1/7 with 4 bits if above half a step."""
    state = dict(one_weight(0.).state, weight=torch.tensor([[.08, 1.]]))
    rounded = round_weights(state, 4)['weight'][0, 0]
    np.testing.assert_allclose(float(rounded), 1 / 7, rtol=1e-5)
    np.testing.assert_allclose(
        float(round_weights(state, 8)['weight'][0, 0]), 10 / 127, rtol=1e-5)
