"""Rows of the base classes are the same bits under any optimizer."""
import copy

import pytest
import torch
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODELS
from toy_classifier import CLASSES, TOY, make_cfg, make_step
from two_ranks import run_on_two_ranks

import mmswap

K = 3
DECAY = dict(optimizer=dict(type='AdamW', lr=.1, weight_decay=.05))


def make_model():
    """A SwapModel on base weights, and these."""
    torch.manual_seed(1)
    base = MODELS.build(dict(TOY)).state_dict()
    cfg = make_cfg(
        dict(type='mmswap.LearnObjective'), classes=CLASSES, trains='adapter')
    model = MODELS.build(cfg)
    model.load_state_dict(base)
    return model.train(), base


def make_batch(seed):
    step = make_step(seed=seed, branches=('retain', ))
    labels = torch.tensor([3, 4, 3, 4])
    retain = dict(step['retain'],
                  data_samples=step['retain']['data_samples'] % K)
    return dict(retain=retain, learn=dict(retain, data_samples=labels))


def train(wrap, steps=3):
    """What is left of the base's rows after some steps, and all that is."""
    model, base = make_model()
    wrapped = wrap(model)
    optim = build_optim_wrapper(wrapped, copy.deepcopy(DECAY))
    for seed in range(steps):
        wrapped.train_step(make_batch(seed), optim)
    return model, base


def test_weight_decay_moves_nothing_of_the_base(assert_same_bits):
    """mmengine's default constructor decays all that trains."""
    model, base = train(lambda model: model)
    # Before anything looks at the model the optimizer has moved them.
    drifted = model.model.fc_cls.weight.detach()[:K].clone()
    assert not torch.equal(drifted, base['fc_cls.weight'])
    new = model.model.fc_cls.weight.detach()[K:].clone()
    state = model.state_dict()
    assert torch.equal(state['model.fc_cls.weight'][:K],
                       base['fc_cls.weight'])
    assert torch.equal(state['model.fc_cls.weight'][K:], new)
    assert_same_bits(model.base_state_dict(), base)


@pytest.mark.parametrize('look', ['base_state_dict', 'merge', 'predict'])
def test_whatever_looks_first_finds_the_base(look):
    model, base = train(lambda model: model)
    if look == 'merge':
        found = mmswap.merge_adapter(model).fc_cls.weight[:K]
    elif look == 'predict':
        model.eval()(torch.randn(2, 4))
        found = model.model.fc_cls.weight[:K]
    else:
        found = model.base_state_dict()['fc_cls.weight']
    assert torch.equal(found, base['fc_cls.weight'])


def test_each_step_begins_with_the_rows_of_the_base():
    """Losses are those of a run in which nothing decays the old rows."""
    model, base = train(lambda model: model, steps=1)
    step = make_batch(7)
    loss = model.parse_losses(model(**step, mode='loss'))[0]
    by_hand, _ = make_model()
    by_hand.load_state_dict(model.state_dict())
    by_hand.resume_phase()
    wanted = by_hand.parse_losses(by_hand(**step, mode='loss'))[0]
    assert torch.equal(loss, wanted)
    # Running the model twice before a backward is no error.
    other = model.parse_losses(model(**make_batch(8), mode='loss'))[0]
    (loss + other).backward()


def test_a_copy_has_rows_of_its_own():
    model, base = make_model()
    other = copy.deepcopy(model)
    with torch.no_grad():
        model.model.fc_cls.weight += 1
        other.model.fc_cls.weight += 2
    assert not torch.equal(model.model.fc_cls.weight,
                           other.model.fc_cls.weight)
    for each in (model, other):
        each.state_dict()
        assert torch.equal(each.model.fc_cls.weight[:K],
                           base['fc_cls.weight'])
    assert not torch.equal(model.model.fc_cls.weight[K:],
                           other.model.fc_cls.weight[K:])


def test_what_is_merged_or_taken_back_in_the_classifier_stays(
        randomise_adapter):
    """LoRA changes the base's rows there, and no guard puts them back."""
    inputs = torch.randn(4, 4)
    names = ('one', 'two')
    models = []
    for name in names:
        cfg = make_cfg(dict(type='mmswap.LearnObjective'), classes=CLASSES,
                       trains='adapter')
        cfg['adapter'] = dict(name=name, rank=2, targets=['ffn', 'fc_cls'])
        models.append(MODELS.build(cfg).eval())
    first, second = models
    first.load_state_dict(make_model()[1])
    without = first(inputs)
    randomise_adapter(first)
    with_one = first(inputs)
    second.load_state_dict(first.state_dict())
    torch.testing.assert_close(second(inputs), with_one)
    second.undo('one')
    torch.testing.assert_close(second(inputs), without)
    mmswap.merge_adapter(first)
    torch.testing.assert_close(first(inputs), with_one)
    assert not torch.allclose(with_one, without)


def test_frozen_rows_are_no_part_of_the_checkpoint():
    model, _ = make_model()
    keys = [key for key in model.state_dict() if not key.startswith('model.')]
    assert keys == ['_extra_state']
    names = [key for key, _ in model.named_parameters()]
    assert all(name.startswith('model.') for name in names)


def in_two_ranks(rank, world):
    model, base = train(MMDistributedDataParallel)
    state = model.state_dict()
    return {
        key: torch.equal(state[f'model.{key}'][:K], base[key])
        for key in ('fc_cls.weight', 'fc_cls.bias')
    }


@pytest.mark.slow
def test_two_processes(tmp_path):
    for found in run_on_two_ranks(in_two_ranks, tmp_path):
        assert found == {'fc_cls.weight': True, 'fc_cls.bias': True}
