"""How the rows of new classes begin: as the mean, or at random."""
import math

import pytest
import torch
from mmengine.registry import MODELS
from toy_classifier import CLASSES, TOY, make_cfg

K, N, DIM = 3, 2, 8
LEARN = dict(type='mmswap.LearnObjective')


def build(seed=0, **changes):
    torch.manual_seed(seed)
    cfg = make_cfg(LEARN, classes=CLASSES, trains='adapter')
    return MODELS.build(dict(cfg, new_rows_start='xavier', **changes))


@pytest.fixture
def base():
    torch.manual_seed(3)
    return MODELS.build(dict(TOY)).state_dict()


def rows(model):
    head = model.model.fc_cls
    return head.weight.detach()[K:].clone(), head.bias.detach()[K:].clone()


def test_matrices_are_drawn_within_the_bound_of_xavier(base):
    """Over the new rows alone, as the published code draws rows 100+."""
    bound = math.sqrt(6 / (DIM + N))
    drawn = []
    for seed in range(40):
        model = build(seed)
        model.load_state_dict(base)
        weight, bias = rows(model)
        assert torch.equal(bias, torch.zeros(N))
        drawn.append(weight)
        assert_base_rows(model, base)
    drawn = torch.stack(drawn)
    assert drawn.abs().max() <= bound
    # Uniform: variance bound^2 / 3; 640 values, 5 standard deviations.
    assert drawn.var() == pytest.approx(bound**2 / 3, rel=.2)
    assert drawn.mean().abs() < 5 * bound / math.sqrt(3 * drawn.numel())
    reference = torch.empty(40 * N, DIM)
    for part in reference.split(N):
        torch.nn.init.xavier_uniform_(part)
    assert reference.abs().max() <= bound


def assert_base_rows(model, base):
    head = model.base_state_dict()
    assert all(torch.equal(head[key], base[key]) for key in base)


def test_the_seed_of_the_build_decides(base):
    first, again, other = build(1), build(1), build(2)
    torch.manual_seed(77)  # What is drawn later does not matter.
    for model in (first, again, other):
        model.init_weights()
        model.load_state_dict(base)
    assert torch.equal(rows(first)[0], rows(again)[0])
    assert not torch.equal(rows(first)[0], rows(other)[0])
    weight = rows(first)[0]
    assert not torch.allclose(weight[0], weight[1])
    # Loading the base once more begins once more.
    with torch.no_grad():
        first.model.fc_cls.weight[K:] += 1
    first.load_state_dict(base)
    assert torch.equal(rows(first)[0], weight)


def test_what_a_phase_learned_is_not_drawn_anew(base):
    learned = build(1)
    learned.load_state_dict(base)
    with torch.no_grad():
        learned.model.fc_cls.weight[K:] += 1
    for state in (learned.state_dict(),
                  {key.replace('.base_layer.', '.'): value  # As if merged.
                   for key, value in learned.model.state_dict().items()
                   if '.lora_' not in key}):
        model = build(2)
        model.load_state_dict(state)
        assert torch.equal(rows(model)[0], rows(learned)[0])


def test_frozen_rows_stay_where_they_begin_and_differ(base):
    model = build(1, new_rows='frozen')
    model.load_state_dict(base)
    assert not model.model.fc_cls.weight.requires_grad
    assert not torch.allclose(*rows(model)[0])


def test_what_is_no_classifier_has_the_mean(build_swap, base_state):
    """DINO's label embedding; convolutions and linear layers are drawn."""
    for name in ('dino', 'mask_rcnn'):
        model = build_swap(name, new_rows_start='xavier')
        base = base_state(name)
        mean = build_swap(name)
        for key, (param, where) in model.class_params().items():
            new = where.select(param.detach())
            old_start = where.select(mean.class_params()[key][0].detach())
            if 'label_embedding' in key:
                assert torch.equal(new, old_start)
            elif key.endswith('bias'):
                assert not new.any()
            else:
                fans = math.prod(new.shape[2:]) * sum(new.shape[:2])
                assert new.abs().max() <= math.sqrt(6 / fans)
                assert new.flatten(1).unique(dim=0).shape[0] == len(new)
        found = model.base_state_dict()
        assert all(torch.equal(found[key], base[key]) for key in base)


@pytest.mark.parametrize('changes, message', [
    (dict(new_rows_start='random'), 'model.new_rows_start .* got .random'),
    (dict(new_rows_start='xavier', trains='from_scratch', adapter=None),
     'model.new_rows_start .* got .xavier'),
])
def test_bad_arguments(changes, message):
    cfg = make_cfg(LEARN, classes=CLASSES, trains='adapter')
    with pytest.raises(ValueError, match=message):
        MODELS.build(dict(cfg, **changes))
