"""The one way in which teachers and prototypes let a model be at rest."""
import pytest
import torch
from torch import nn

from mmswap.models.outputs.at_rest import at_rest


class Head(nn.Module):
    """Owns a loss, so that it must be in training mode."""

    def __init__(self):
        super().__init__()
        self.loss_cls = nn.Identity()
        self.drop = nn.Dropout()


class Backbone(nn.Module):
    """Freezes its stem whenever it is told to train, as mmdet's do."""

    def __init__(self):
        super().__init__()
        self.stem, self.drop = nn.BatchNorm1d(2), nn.Dropout()

    def train(self, mode=True):
        super().train(mode)
        self.stem.eval()
        return self


@pytest.fixture
def model():
    return nn.ModuleDict(dict(backbone=Backbone(), head=Head())).train()


def modes(model):
    return {name: m.training for name, m in model.named_modules()}


def test_what_computes_losses_stays_in_training_mode(model):
    model.eval()
    with at_rest(model):
        assert {name for name, mode in modes(model).items() if mode} == {
            '', 'head'}


def test_every_flag_comes_back_after_an_error(model):
    model['backbone'].drop.eval()  # As a user may have set it.
    before = modes(model)
    assert before['backbone'] and not before['backbone.stem']
    with pytest.raises(ZeroDivisionError), at_rest(model):
        raise ZeroDivisionError
    assert modes(model) == before


def test_teachers_of_detectors_compute_their_losses(build_swap, detector,
                                                    make_batch):
    """In plain evaluation mode DINO has no denoising queries for its loss."""
    swap = build_swap(detector, 'forget').train()
    data = swap.data_preprocessor(make_batch(1, 1), True)
    with torch.no_grad(), at_rest(swap.model):
        assert swap.model(**data, mode='loss')
