import torch
from audit_toys import LABELS, ToyData, cloud, one_weight, rows_of

from mmswap.audit.panel.probe import ProbeTest, probe


def test_features_that_hold_the_class_and_ones_that_do_not():
    toy = cloud(size=600)
    assert probe(rows_of(toy.exact, toy.labels), LABELS, 0).value == 1
    chance = probe(rows_of(toy.noise, toy.labels), LABELS, 0)
    assert chance.low < 1 / 3 < chance.high < .5


def test_only_the_forgotten_classes_count():
    """Features that tell class 0 and 2, and nothing of class 1."""
    toy = cloud(size=600)
    features = toy.exact.clone()
    features[:, 1] = 0
    features[toy.labels == 1] = features[
        (toy.labels == 1).nonzero().flatten() - 1]  # As if of class 0.
    rows = rows_of(features, toy.labels)
    assert probe(rows, (2, ), 0).value == 1
    assert probe(rows, LABELS, 0).value < .7


def test_the_best_layer_of_the_backbone_is_told():
    toy = cloud()
    data = ToyData({
        'classifier': rows_of(toy.noise, toy.labels),
        'stage 0': rows_of(toy.exact, toy.labels),
        'stage 1': rows_of(toy.noise, toy.labels)})
    found = ProbeTest().run(one_weight(0.), data)
    assert set(found) == set(ProbeTest.figures)
    assert found['probe/backbone'].value == 1
    assert found['probe/classifier'].value < .6
    layers = found['probe/backbone'].details['layers']
    assert layers['stage 0'] == 1 and layers['stage 1'] < .6
    del data.rows['stage 0'], data.rows['stage 1']
    assert list(ProbeTest().run(one_weight(0.), data)) == ['probe/classifier']


def test_a_class_without_an_object_counts_as_none():
    toy = cloud()
    rows = rows_of(toy.exact, torch.where(toy.labels == 1, 2, toy.labels))
    assert probe(rows, (2, ), 0).details['objects'] == 200
