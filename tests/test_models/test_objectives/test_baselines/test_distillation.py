"""LwF, DER, DER++ and FDR against loops over the images."""
import pytest
import torch
from torch.nn import functional as F
from toy_classifier import make_model, make_step, move

from mmswap.models.objectives.baselines.relabel import wrong_labels


def kl_by_hand(teacher, student, temperature):
    total = 0.
    for t, s in zip(teacher, student):
        p, q = (t / temperature).softmax(0), (s / temperature).softmax(0)
        total = total + sum(p[i] * (p[i].log() - q[i].log())
                            for i in range(len(p)))
    return total / len(teacher)


def square_by_hand(teacher, student):
    return sum(((s - t)**2).sum()
               for t, s in zip(teacher, student)) / len(teacher)


CASES = {
    'LwF': (dict(type='mmswap.LwFObjective'), 2., .5,
            lambda t, s: kl_by_hand(t, s, 2.)),
    'DER': (dict(type='mmswap.DERObjective'), 0., .01, square_by_hand),
    'DER++': (dict(type='mmswap.DERObjective', distill_weight=.3,
                   retain_weight=.7), .7, .3, square_by_hand),
    'FDR': (dict(type='mmswap.FDRObjective'), 0., 50.,
            lambda t, s: square_by_hand(t, s).sqrt()),
}


@pytest.mark.parametrize('trains', ['all', 'adapter'])
@pytest.mark.parametrize('case', CASES)
def test_the_loss_is_what_the_papers_say(case, trains, frozen_copy, seeded):
    cfg, retain_weight, distill_weight, distance = CASES[case]
    model = make_model(cfg, trains=trains)
    teacher, step = frozen_copy(model), make_step()
    first = seeded(lambda: model(**step, mode='loss'))
    # At the start student and teacher differ by the batch norm only, which
    # takes the batch's statistics where all weights train.
    assert first['distill_loss'].gt(0) == (trains == 'all')
    move(model)
    student = model.model  # In training mode, as it is in the step.
    losses = seeded(lambda: model(**step, mode='loss'))
    retain, forget = step['retain'], step['forget']
    wanted = distill_weight * distance(
        teacher(retain['inputs']), student(retain['inputs']))
    torch.testing.assert_close(losses['distill_loss'], wanted)
    torch.testing.assert_close(
        losses['retain_loss'],
        retain_weight * F.cross_entropy(
            student(retain['inputs']), retain['data_samples']))
    labels = seeded(lambda: wrong_labels(forget['data_samples'], 5))
    torch.testing.assert_close(
        losses['forget_loss'],
        F.cross_entropy(student(forget['inputs']), labels))
    total, logged = model.parse_losses(losses)
    assert set(logged) == {'retain_total', 'forget_total', 'retain_loss',
                           'forget_loss', 'distill_loss', 'loss'}
    total.backward()
    assert all(p.grad is not None and p.grad.isfinite().all()
               for p in model.parameters() if p.requires_grad)
