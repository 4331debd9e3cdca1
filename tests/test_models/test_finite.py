import torch

from mmswap.models.finite import not_finite

NAN, INF = float('nan'), float('inf')


def test_names_of_what_is_no_number():
    state = dict(
        good=torch.ones(2), whole=torch.tensor([2**40]), text='a',
        nan=torch.tensor([1., NAN]), inf=torch.tensor([[-INF]]),
        half=torch.tensor([NAN]).half())
    assert not_finite(state) == ['nan', 'inf', 'half']


def test_a_mask_may_be_infinite_and_a_parameter_may_not():
    state = {'mask': torch.tensor([-INF]), 'model.w': torch.tensor([INF]),
             'w': torch.tensor([INF]), 'nan': torch.tensor([NAN])}
    assert not_finite(state, ['model.w']) == ['model.w', 'w', 'nan']


def test_what_an_objective_has_not_found_yet_may_be_nan():
    assert not not_finite({'objective.bound': torch.tensor(NAN)})
