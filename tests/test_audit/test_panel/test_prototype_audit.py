from audit_toys import LABELS, ToyData, cloud, one_weight, rows_of

from mmswap.audit.panel.prototype import PrototypeTest, prototype


def test_separable_clusters_and_noise():
    toy = cloud(size=600)
    exact = prototype(rows_of(toy.exact, toy.labels), LABELS, 2, 0)
    assert exact.value == 1 and exact.details == dict(objects=200, draws=20)
    noise = prototype(rows_of(toy.noise, toy.labels), LABELS, 4, 0)
    assert abs(noise.value - 1 / 3) < .05 and noise.high < .45


def test_more_shots_bring_more_back():
    toy = cloud()
    rows = rows_of(toy.noise + 2 * toy.exact, toy.labels)
    values = [prototype(rows, LABELS, shots, 0).value for shots in (1, 30)]
    assert values[0] + .1 < values[1]


def test_the_classifiers_features_are_taken():
    toy = cloud()
    data = ToyData({
        'classifier': rows_of(toy.exact, toy.labels),
        'stage 0': rows_of(toy.noise, toy.labels)})
    found = PrototypeTest().run(one_weight(0.), data)
    assert found['prototype'].value == 1 and found['prototype'].low > .9
