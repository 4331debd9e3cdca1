"""Importances and the regulariser, weight by weight and image by image."""
import pytest
import torch
from mmengine.registry import MODELS
from toy_classifier import (
    CLASSES,
    make_cfg,
    make_model,
    make_step,
    move,
    step_loss,
)

from mmswap.models.objectives.baselines.importance import summed_importance


def cfg(method, penalty=1.):
    return dict(
        type='mmswap.ImportanceObjective', method=method, penalty=penalty)


def singles(step):
    """Each image of a batch as a batch of its own."""
    for i in range(len(step['data_samples'])):
        yield {key: value[i:i + 1] for key, value in step.items()}


def importance_by_hand(model, batches, params, method):
    """Finite differences in double precision, a few weights of each tensor.

    Args:
        params: Name to parameter.

    Returns:
        Name to ``{flat index: mean importance}``.
    """
    found = {key: {} for key in params}
    for key, param in params.items():
        flat = param.data.view(-1)
        for i in range(0, len(flat), max(len(flat) // 3, 1)):
            values = []
            for batch, drawn in batches:
                slope = 0.
                for sign in (1, -1):
                    flat[i] += sign * 1e-5
                    logits = model(batch['inputs'])[0]
                    flat[i] -= sign * 1e-5
                    target = logits.log_softmax(0)[drawn] if (
                        method == 'ewc') else (logits**2).sum()
                    slope += sign * float(target) / 2e-5
                values.append(slope**2 if method == 'ewc' else abs(slope))
            found[key][i] = sum(values) / len(values)
    return found


@pytest.mark.parametrize('trains', ['all', 'adapter'])
@pytest.mark.parametrize('method', ['ewc', 'mas'])
def test_importance_is_that_of_each_image_alone(method, trains):
    model = make_model(cfg(method), trains=trains, drop=.5).double()
    move(model)
    model.train()
    batches = list(singles(make_step(5)['retain']))
    for batch in batches:
        batch['inputs'] = batch['inputs'].double()
    params = model.objective.params
    torch.manual_seed(4)
    sums = summed_importance(model.model, batches, params, method,
                           model.objective.plan)
    assert model.model.training and model.model.bn.training == (
        trains == 'all')
    model.eval()
    torch.manual_seed(4)
    with torch.no_grad():
        drawn = [
            int(torch.multinomial(model(b['inputs']).float().softmax(1), 1))
            for b in batches
        ]
        wanted = importance_by_hand(model, list(zip(batches, drawn)), params,
                                    method)
    assert set(sums) == set(wanted) and any(sums.values() and [
        total.any() for total in sums.values()])
    for key, values in wanted.items():
        for i, value in values.items():
            assert float(sums[key].flatten()[i]) / 5 == pytest.approx(
                value, rel=1e-3, abs=1e-6)


def test_the_square_of_a_mean_is_something_else():
    """Why images go one by one."""
    model = make_model(cfg('ewc'))
    batch = make_step(8)['retain']
    params = model.objective.params
    torch.manual_seed(0)
    each = summed_importance(model.model, singles(batch), params, 'ewc',
                           model.objective.plan)
    torch.manual_seed(0)
    whole = summed_importance(model.model, [batch], params, 'ewc',
                           model.objective.plan)
    assert float(each['fc_cls.weight'].sum() / 8) > 1.5 * float(
        whole['fc_cls.weight'].sum())


@pytest.mark.parametrize('method', ['l2', 'ewc', 'mas'])
def test_the_regulariser_by_hand(method):
    model = make_model(cfg(method, .3))
    objective = model.objective
    start = {k: p.detach().clone() for k, p in objective.params.items()}
    torch.manual_seed(1)
    importance = {k: torch.rand_like(p) for k, p in start.items()}
    if method != 'l2':
        objective.importance.keep(importance)
    first = model(**make_step(), mode='loss')
    assert float(first['penalty_loss']) == 0
    move(model)
    wanted = 0.
    for key, param in objective.params.items():
        for w, old, each in zip(param.detach().flatten().tolist(),
                                start[key].flatten().tolist(),
                                importance[key].flatten().tolist()):
            wanted += .3 * (1. if method == 'l2' else each) * (w - old)**2
    losses = model(**make_step(), mode='loss')
    assert float(losses['penalty_loss'].detach()) == pytest.approx(
        wanted, rel=1e-4)
    assert float(losses['retain_loss'].detach()) == pytest.approx(
        float(losses['retain_total']))
    weight = objective.params['fc_cls.weight']
    grad, = torch.autograd.grad(losses['penalty_loss'], weight)
    scale = 1. if method == 'l2' else importance['fc_cls.weight']
    torch.testing.assert_close(
        grad, .6 * scale * (weight.detach() - start['fc_cls.weight']))


def test_what_trains_is_what_is_held():
    adapter = make_model(cfg('l2'), trains='adapter').objective
    assert adapter.params and all('.lora_' in key for key in adapter.params)
    frozen = make_model(cfg('l2'), frozen_stem=True).objective
    assert 'stem.weight' not in frozen.params
    assert 'layers.0.attn.attn.in_proj_weight' in frozen.params
    assert not list(frozen.parameters())  # None of them became its own.


def test_rows_of_base_classes_stay_frozen():
    model = make_model(cfg('l2'), classes=CLASSES, trains='adapter')
    objective = model.objective
    objective.anchor.keep({k: p + 1 for k, p in objective.params.items()})
    step_loss(model, make_step()).backward()
    for key in ('fc_cls.weight', 'fc_cls.bias'):
        grad = objective.params[key].grad
        assert grad[:3].eq(0).all() and grad[3:].ne(0).all()


def test_unmeasured_importances_are_told():
    model = make_model(cfg('mas'))
    with pytest.raises(
            RuntimeError,
            match="custom_hooks must have dict.type='mmswap.ImportanceHook'. "
            "with model.objective.method='mas'"):
        model(**make_step(), mode='loss')


def test_a_resumed_phase_is_held_where_it_began(assert_same_bits):
    model = make_model(cfg('ewc'))
    objective = model.objective
    objective.importance.keep(
        {k: torch.rand_like(p) for k, p in objective.params.items()})
    step_loss(model, make_step())
    move(model)
    state = {k: v.clone() for k, v in model.state_dict().items()}
    resumed = MODELS.build(make_cfg(cfg('ewc'))).train()
    resumed.load_state_dict(state)
    resumed.resume_phase()
    for name in ('anchor', 'importance'):
        assert_same_bits(
            getattr(resumed.objective, name).tensors,
            getattr(objective, name).tensors)
    losses = resumed(**make_step(), mode='loss')
    assert losses['penalty_loss'] > 0
    # The next phase must measure its own.
    later = MODELS.build(make_cfg(cfg('ewc'))).train()
    later.load_state_dict(state)
    later.start_phase()
    assert later.objective.measures
