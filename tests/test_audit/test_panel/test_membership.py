import numpy as np
import pytest
import torch
from audit_toys import ToyData, one_weight, rows_of
from sklearn.metrics import roc_auc_score

from mmswap.audit.panel.membership import MembershipTest, membership


def losses(size, seed):
    return torch.rand(size, generator=torch.Generator().manual_seed(seed))


def test_a_model_that_memorised():
    found = membership(1 + losses(100, 0), losses(300, 1), 0)
    assert found.value == 1 and found.details['auc'] == 1
    assert found.details['rates'] == {'0.01': 1., '0.05': 1.}


def test_a_model_that_did_not():
    found = membership(losses(2000, 0), losses(2000, 1), 0)
    assert found.low < .05 < found.high and found.value < .08
    assert abs(found.details['auc'] - .5) < .03


def test_rates_at_a_threshold():
    """Half the members are above all others; the area is sklearn's."""
    inside = torch.cat((2 + losses(50, 0), losses(50, 1)))
    outside = losses(100, 2)
    found = membership(inside, outside, 0)
    assert .5 <= found.value < .65
    wanted = roc_auc_score([1] * 100 + [0] * 100,
                           np.concatenate((inside, outside)))
    np.testing.assert_allclose(found.details['auc'], wanted)


def test_it_is_the_loss_of_forgotten_objects_that_tells():
    labels = torch.tensor([1] * 40 + [0] * 40)
    quiet = torch.cat((torch.zeros(40), torch.full((40, ), 9.)))
    trained = rows_of(torch.zeros(80, 2), labels, quiet)
    others = rows_of(torch.zeros(80, 2), labels, quiet.flip(0))
    data = ToyData({'classifier': others}, trained)
    found = MembershipTest().run(one_weight(0.), data)['membership']
    assert found.value == 1 and not MembershipTest.by_default
    with pytest.raises(ValueError, match='membership'):
        membership(torch.zeros(0), torch.zeros(2), 0)
