"""LIRF term by term."""
import pytest
import torch
from torch.nn import functional as F
from toy_classifier import make_model, make_step, move

from mmswap.models.objectives.baselines.lirf import attention_map
from mmswap.models.objectives.baselines.relabel import wrong_labels

CFG = dict(
    type='mmswap.LIRFObjective', layer='layers.0', alpha=.25,
    attention_weight=30., distill_weight=2., retain_weight=3., temperature=4.)


def layer_output(model, inputs):
    found = []
    handle = model.layers[0].register_forward_hook(
        lambda layer, args, out: found.append(out))
    logits = model(inputs)
    handle.remove()
    return logits, found[0]


@pytest.mark.parametrize('trains', ['all', 'adapter'])
def test_terms_by_hand(trains, frozen_copy, seeded):
    model = make_model(CFG, trains=trains)
    teacher, step = frozen_copy(model), make_step()
    model(**step, mode='loss')  # The teacher is kept.
    move(model)
    student = model.model
    losses = seeded(lambda: model(**step, mode='loss'))
    retain, forget = step['retain'], step['forget']
    said, inner = layer_output(student, forget['inputs'])
    told, outer = layer_output(teacher, forget['inputs'])

    away = []
    for mine, its in zip(inner, outer):  # (tokens, channels) of an image
        maps = []
        for tokens in (mine, its):
            energy = torch.stack([(t * t).sum() / len(t) for t in tokens])
            maps.append(energy / (energy * energy).sum().sqrt())
        away.extend((maps[0] - maps[1])**2)
    torch.testing.assert_close(losses['attention_loss'],
                               -30. * sum(away) / len(away))

    kept = [0, 2, 4]  # b and d, 1 and 3, are to be forgotten
    divergence = 0.
    for mine, its in zip(said, told):
        q, p = (mine[kept] / 4).softmax(0), (its[kept] / 4).softmax(0)
        divergence = divergence + (p * (p / q).log()).sum() / len(said)
    torch.testing.assert_close(losses['distill_loss'],
                               2. * .25 * 4**2 * divergence)

    labels = seeded(lambda: wrong_labels(forget['data_samples'], 5))
    torch.testing.assert_close(losses['forget_loss'],
                               .75 * F.cross_entropy(said, labels))
    torch.testing.assert_close(
        losses['retain_loss'], 3. * F.cross_entropy(
            student(retain['inputs']), retain['data_samples']))
    model.parse_losses(losses)[0].backward()
    assert all(p.grad.isfinite().all() for p in model.parameters()
               if p.requires_grad)


def test_the_map_of_a_convolution_is_over_its_positions():
    tokens = torch.randn(2, 6, 5)
    as_map = tokens.transpose(1, 2).reshape(2, 5, 2, 3)
    torch.testing.assert_close(attention_map(as_map), attention_map(tokens))
    torch.testing.assert_close(
        attention_map(tokens).norm(dim=1), torch.ones(2))


def test_validation_between_steps_is_not_listened_to():
    model = make_model(CFG)
    model(**make_step(), mode='loss')
    inputs = make_step()['retain']['inputs']
    model.eval()
    model(inputs)
    model.train()
    assert model(**make_step(), mode='loss')['attention_loss'].isfinite()
    assert not model.objective._heard
