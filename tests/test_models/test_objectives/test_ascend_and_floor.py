"""Which terms are driven up, and how far the auto bound reaches."""
import math

import pytest
import torch
from mmengine.registry import DefaultScope
from torch import nn
from torch.nn import functional as F
from toy_classifier import make_model, make_step

from mmswap.models import ForgetObjective
from mmswap.models.outputs.branch import BranchOutputs, named_terms
from mmswap.models.outputs.loss_rise import LossRise, lower_labels
from mmswap.models.outputs.observer_plan import ObserverPlan

TERMS = {
    'loss_cls': 2., 'd0.loss_cls': 3., 'loss_bbox': 5., 'enc_loss_cls': 7.}


@pytest.mark.parametrize('key, found', [
    ('loss_cls', True), ('d3.loss_cls', True), ('enc_loss_cls', True),
    ('d0.dn_loss_cls', True), ('decode.d1.loss_cls_ce', True),
    ('loss_bbox', False), ('rpn_loss_cls', False), ('loss_mask', False)])
def test_a_name_holds_for_all_layers_and_heads(key, found):
    assert bool(named_terms({key: torch.tensor(1.)}, 'loss_cls')) == found


def step(objective, terms=TERMS, **kwargs):
    terms = {k: torch.tensor(v, requires_grad=True)
             for k, v in terms.items()}
    forget = torch.stack(list(terms.values())).sum()
    outputs = dict(
        retain=BranchOutputs({}), forget=BranchOutputs(terms, **kwargs))
    totals = dict(retain=torch.tensor(11.), forget=forget)
    return objective(totals, outputs), terms


@pytest.mark.parametrize('bound', [10., 15.])
def test_only_named_terms_are_driven_up_to_the_bound_together(bound):
    losses, terms = step(
        ForgetObjective(bound, .5, ascend=('loss_cls', )))
    assert losses['forget_loss'].item() == .5 * max(bound - 12, 0)
    assert losses['forget_others_loss'].item() == .5 * 5
    assert losses['forget_ascending'].item() == 12
    (losses['forget_loss'] + losses['forget_others_loss']).backward()
    slope = -.5 if bound > 12 else 0.
    assert terms['d0.loss_cls'].grad.item() == slope
    assert terms['loss_bbox'].grad.item() == .5


def test_unknown_terms_are_told_with_those_that_there_are():
    with pytest.raises(ValueError, match='objective.ascend.*loss_bbox.*mask'):
        step(ForgetObjective(ascend=('loss_cls', 'loss_mask')))
    for ascend in ('loss_cls', ()):
        with pytest.raises(ValueError, match='objective.ascend'):
            ForgetObjective(ascend=ascend)


@pytest.mark.parametrize('rise, bound', [(None, 24.), (2., 24.), (30., 42.)])
def test_the_floor_counts_where_it_is_higher(rise, bound):
    objective = ForgetObjective(
        'auto', 1., auto_factor=2., ascend=('loss_cls', ))
    rise = None if rise is None else torch.tensor(rise)
    losses, _ = step(objective, rise=rise)
    assert losses['forget_loss'].item() == pytest.approx(bound - 12)


@pytest.mark.parametrize('sigmoid, floor', [(False, .1 / 6), (True, .01)])
def test_lowered_labels_have_the_floor_probability(sigmoid, floor):
    logits = torch.randn(5, 6, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([3, 1, 5, 0, 2])  # 5: the background.
    logits[4, 2] = -30.  # Lower already.
    lowered = lower_labels(logits, labels, sigmoid, 5)
    p = torch.sigmoid(lowered) if sigmoid else lowered.softmax(1)
    assert p[[0, 1, 3], [3, 1, 0]].tolist() == pytest.approx([floor] * 3)
    changed = lowered != logits
    assert changed.sum() == 3 and not changed[[2, 4]].any()


class Detector(nn.Module):
    """A focal loss with its weight and its normaliser."""

    def __init__(self):
        super().__init__()
        from mmdet.models.losses import FocalLoss
        self.fc = nn.Linear(3, 5)
        self.loss_cls = FocalLoss(use_sigmoid=True, loss_weight=2.)

    def forward(self, x, labels):
        return self.loss_cls(self.fc(x), labels, avg_factor=3)


def test_the_rise_is_by_the_models_own_loss():
    torch.manual_seed(0)
    model, x = Detector(), torch.randn(4, 3)
    labels = torch.tensor([2, 5, 0, 5])
    with LossRise(ObserverPlan(model, 5)) as measured:
        before = model(x, labels)
    lowered = lower_labels(model.fc(x), labels, True, 5)
    wanted = model.loss_cls(lowered, labels, avg_factor=3) - before
    torch.testing.assert_close(measured.rise, wanted.detach())
    # By hand: alpha (1 - p)^2 (-log p) with alpha 0.25 at p = 0.01.
    each = .25 * .99**2 * -math.log(.01)
    p = model.fc(x)[[0, 2], [2, 0]].sigmoid()
    now = (.25 * (1 - p)**2 * -p.log()).sum()
    assert measured.rise.item() == pytest.approx(
        2 * (2 * each - now.item()) / 3, rel=1e-4)


def test_a_confident_model_forgets_beyond_the_floor():
    """Four times a cross-entropy of 0.05 would leave 0.82 of probability."""
    with DefaultScope.overwrite_default_scope('mmengine'):
        model = make_model(
            dict(type='mmswap.ForgetObjective', bound='auto', weight=1.,
                 retain_weight=0.), trains='all')
    batch = make_step(size=8)
    forget = batch['forget']

    def nll():
        return F.cross_entropy(
            model.model(forget['inputs']), forget['data_samples'])

    optim = torch.optim.Adam(model.parameters(), .03)
    while (now := nll()) > .05:  # Becomes confident first.
        optim.zero_grad()
        now.backward()
        optim.step()
    optim = torch.optim.Adam(model.parameters(), .03)
    for _ in range(100):
        optim.zero_grad()
        losses = model(**batch, mode='loss')
        model.parse_losses(losses)[0].backward()
        optim.step()
    # A softmax of five classes: a tenth of chance is 0.02.
    assert math.exp(-nll().item()) < .021
    bound = model.objective.auto_bound.tensors['bound'].item()
    assert bound == pytest.approx(-math.log(.1 / 5), rel=.02)
