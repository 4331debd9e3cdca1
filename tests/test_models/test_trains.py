"""``model.trains``: all weights instead of an adapter."""
import copy

import pytest
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODELS
from mmengine.runner import load_checkpoint
from toy_classifier import CLASSES, make_cfg, make_model, make_step, step_loss

import mmswap

FORGET = dict(type='mmswap.ForgetObjective', bound=10.)
LEARN = dict(type='mmswap.LearnObjective')
RETAIN = dict(type='mmswap.RetainObjective')


def flags(model):
    return {key: p.requires_grad for key, p in model.named_parameters()}


@pytest.fixture
def load(tmp_path):
    """(model, state dict) -> the model with it, as ``load_from`` would."""

    def run(model, state):
        file = tmp_path / 'checkpoint.pth'
        torch.save(dict(state_dict=copy.deepcopy(state)), file)
        load_checkpoint(model, str(file), map_location='cpu')
        return model

    return run


@pytest.mark.parametrize('trains', ['all', 'from_scratch'])
def test_what_trains_is_what_the_stock_model_trains(build_swap, build_stock,
                                                    trains):
    swap = build_swap(
        'mask_rcnn', load=False, trains=trains, adapter=None).train()
    stock = build_stock(swap.inner_cfg).train()
    assert flags(swap.model) == flags(stock)
    assert [m.training for m in swap.model.modules()] == [
        m.training for m in stock.modules()]
    assert list(swap.model.state_dict()) == list(stock.state_dict())
    assert swap.groups == {} and swap.adapter_name is None


@pytest.mark.parametrize('cfg', [
    dict(objective=FORGET), dict(objective=FORGET, frozen_stem=True)])
def test_a_step_moves_what_trains_and_nothing_else(cfg):
    model = make_model(**cfg)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    # Decay moves whatever the optimizer has, gradient or not.
    wrapper = build_optim_wrapper(
        model,
        dict(
            constructor='mmswap.SwapOptimWrapperConstructor',
            optimizer=dict(type='AdamW', lr=.1, weight_decay=.1)))
    wrapper.update_params(step_loss(model, make_step()))
    after = model.state_dict()
    moved = {k for k in before if not torch.equal(before[k], after[k])}
    trained = {key for key, trains in flags(model).items() if trains}
    statistics = {f'model.bn.{key}' for key in (
        'running_mean', 'running_var', 'num_batches_tracked')}
    assert moved == trained | statistics
    assert ('model.stem.weight' in moved) is not cfg.get('frozen_stem', False)


def test_rows_of_all_classes_train():
    model = make_model(LEARN, classes=CLASSES)
    before = model.model.fc_cls.weight.detach().clone()
    step = make_step(branches=('retain', ))
    step['learn'] = dict(
        inputs=step['retain']['inputs'], data_samples=torch.tensor([3] * 4))
    step_loss(model, step).backward()
    assert model.model.fc_cls.weight.grad.ne(0).any(1).all()
    assert before.shape[0] == 5


def test_a_phase_goes_on_and_an_adapter_may_follow(load, assert_same_bits):
    model = make_model(FORGET)
    with torch.no_grad():
        for param in model.parameters():
            param.add_(.1)
    state = model.state_dict()
    again = load(MODELS.build(make_cfg(FORGET)), state)
    assert_same_bits(again.state_dict(), state)
    # An adapter on top of it, and back, folded in.
    lora = load(MODELS.build(make_cfg(FORGET, trains='adapter')), state)
    assert_same_bits(lora.base_state_dict(), model.model.state_dict())
    with torch.no_grad():
        for group in lora.groups.values():
            for param in group:
                param.normal_(std=.1)
    inputs = make_step()['retain']['inputs']
    wanted = lora.eval()(inputs)
    folded = load(MODELS.build(make_cfg(FORGET)), lora.state_dict())
    torch.testing.assert_close(folded.eval()(inputs), wanted)
    assert folded.history.names == []


def test_new_rows_grow_from_a_base_checkpoint():
    model = make_model(LEARN, classes=CLASSES)
    weight = model.model.fc_cls.weight
    torch.testing.assert_close(weight[3], weight[:3].mean(0))


def test_there_is_no_base_any_more():
    with pytest.raises(RuntimeError, match="must be 'adapter'.*got 'all'"):
        make_model(FORGET).base_state_dict()


def test_merging_gives_the_stock_model(assert_same_bits):
    model = make_model(FORGET)
    wanted = {k: v.clone() for k, v in model.model.state_dict().items()}
    assert_same_bits(mmswap.merge_adapter(model).state_dict(), wanted)


def test_from_scratch_begins_with_the_stock_initialisation(
        load, assert_same_bits):
    model = MODELS.build(make_cfg(RETAIN, trains='from_scratch')).train()
    with torch.no_grad():
        for param in model.parameters():
            param.zero_()
    called = []
    model.model.init_weights = lambda: called.append(1)
    step = make_step(branches=('retain', ))
    with pytest.raises(RuntimeError, match='load_from must name'):
        model(**step, mode='loss')
    model.init_weights()
    assert called == [1]
    assert list(model(**step, mode='loss')) == ['retain_total', 'retain_loss']
    # A base model is what it is compared with, not what it begins with.
    before = {k: v.clone() for k, v in model.state_dict().items()}
    load(model, make_model(FORGET).model.state_dict())
    assert_same_bits(model.state_dict(), before)
    model(**step, mode='loss')
    # What it wrote is resumed and tested.
    load(MODELS.build(make_cfg(RETAIN, trains='from_scratch')),
         model.state_dict())


@pytest.mark.parametrize('changes, message', [
    (dict(trains='some'), r"trains must be one of \('adapter', .*got 'some'"),
    (dict(trains='all'), 'adapter must be None .*got {.*targets'),
    (dict(trains='all', adapter=None, new_rows='frozen'),
     "new_rows must be 'train' with model.trains='all', got None and 'froz"),
])
def test_bad_arguments(build_swap, changes, message):
    with pytest.raises(ValueError, match=f'model.{message}|{message}'):
        build_swap('mask_rcnn', load=False, **changes)
