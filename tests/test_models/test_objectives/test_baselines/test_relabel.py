"""Wrong labels and the divergence that the baselines share."""
import math

import pytest
import torch
from toy_classifier import CLASSES, make_model, make_step

from mmswap.models.objectives.baselines.relabel import (
    wrong_label_loss,
    wrong_labels,
)
from mmswap.models.objectives.divergence import kl_divergence
from mmswap.models.outputs.classifier_outputs import ClassifierOutputs


def test_a_wrong_label_is_any_but_the_true_one():
    labels = torch.arange(5).repeat(2000)
    torch.manual_seed(0)
    drawn = wrong_labels(labels, 5)
    counts = torch.zeros(5, 5)
    for true, wrong in zip(labels.tolist(), drawn.tolist()):
        counts[true, wrong] += 1
    assert counts.diagonal().eq(0).all()
    off = counts[~torch.eye(5, dtype=torch.bool)]
    assert off.min() > 400 and off.max() < 600  # 500 expected, sd 19.
    torch.manual_seed(0)
    assert torch.equal(wrong_labels(labels, 5), drawn)
    assert not torch.equal(wrong_labels(labels, 5), drawn)


def test_wrong_label_loss_by_hand():
    torch.manual_seed(2)
    logits, labels = torch.randn(4, 3), torch.tensor([0, 2, 1, 1])
    torch.manual_seed(7)
    loss = wrong_label_loss(ClassifierOutputs(logits, logits, *3 * [labels]))
    torch.manual_seed(7)
    wanted = 0.
    for row, label in zip(logits, wrong_labels(labels, 3)):
        wanted -= math.log(math.exp(row[label]) / row.exp().sum()) / 4
    assert float(loss) == pytest.approx(float(wanted), rel=1e-5)


def test_kl_by_hand():
    torch.manual_seed(2)
    teacher, student = torch.randn(2, 4, 3)
    wanted = 0.
    for t, s in zip(teacher, student):
        p, q = (t / 2).exp(), (s / 2).exp()
        p, q = p / p.sum(), q / q.sum()
        wanted += float((p * (p / q).log()).sum()) / 4
    got = float(kl_divergence(teacher, student, 2.))
    assert got == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize('kind, kwargs', [
    ('LwF', {}), ('DER', {}), ('FDR', {}), ('SCRUB', {}),
    ('LIRF', dict(layer='layers.0')),
    ('Importance', dict(method='l2', penalty=1.)),
])
def test_only_classifiers_of_images(kind, kwargs):
    model = make_model(dict(type=f'mmswap.{kind}Objective', **kwargs))
    step = make_step()
    assert model(**step, mode='loss')
    # As a head that classifies several objects of an image.
    model.model.forward = _twice(model.model)
    with pytest.raises(ValueError, match=f'must be a classifier of images '
                       f'with {kind}Objective.*got 8 labels of 4 images'):
        model(**step, mode='loss')


def _twice(model):
    """The toy's forward, with each image's loss taken twice."""
    forward = type(model).forward

    def run(inputs, data_samples=None, mode='tensor'):
        losses = forward(model, inputs, data_samples, mode)
        return dict(losses, loss_again=forward(
            model, inputs, data_samples, mode)['loss_cls'])

    return run


@pytest.mark.parametrize('kind, kwargs, message', [
    ('LwF', dict(temperature=0), 'temperature must be positive, got 0'),
    ('LwF', dict(distill_weight=-1), 'distill_weight must not be negative'),
    ('DER', dict(weight=-1), 'weight must not be negative, got -1'),
    ('FDR', dict(distill_weight=-2), 'distill_weight must not be negative'),
    ('LIRF', dict(layer='layers.0', alpha=2), 'alpha must be from 0 to 1'),
    ('LIRF', dict(layer='layers.9'), "layer must be .*, got 'layers.9'"),
    ('Importance', dict(method='si', penalty=1),
     r"method must be one of \('l2', 'ewc', 'mas'\), got 'si'"),
    ('Importance', dict(method='l2', penalty=-1), 'penalty must not be neg'),
    ('SCRUB', dict(max_every=1), 'max_every >= 2, .* got 1, None and 100'),
    ('SCRUB', dict(average_decay=0), 'average_decay must be above 0'),
])
def test_bad_arguments(kind, kwargs, message):
    with pytest.raises(ValueError, match=f'model.objective.*{message}'):
        make_model(dict(type=f'mmswap.{kind}Objective', **kwargs))


def test_with_learned_classes_the_wrong_label_may_be_one_of_them():
    model = make_model(
        dict(type='mmswap.FDRObjective'), classes=CLASSES, trains='adapter')
    step = make_step()
    for batch in step.values():
        batch['data_samples'] = batch['data_samples'] % 3
    assert model(**step, mode='loss')['forget_loss'] > 0
