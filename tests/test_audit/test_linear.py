import numpy as np
import torch
from audit_toys import cloud
from sklearn.linear_model import RidgeClassifier
from sklearn.neighbors import NearestCentroid

from mmswap.audit.linear import held_out_guesses, nearest_means


def test_a_probe_is_ridge_regression_on_standardised_features():
    """scikit-learn's, fitted on the other folds."""
    toy = cloud()
    features = toy.noise + .7 * toy.exact
    images = torch.arange(len(features))
    got = held_out_guesses(features, toy.labels, images)
    assert .3 < (got == toy.labels).float().mean() < .9
    for fold in range(5):
        held = (images % 5 == fold).numpy()
        values, labels = features.double().numpy(), toy.labels.numpy()
        mean = values[~held].mean(0)
        scale = values[~held].std(0, ddof=1)
        counts = np.bincount(labels[~held])
        weight = 1 / (3 * counts[labels[~held]])
        wanted = RidgeClassifier(alpha=1e-2).fit(
            (values[~held] - mean) / scale, labels[~held],
            sample_weight=weight).predict((values[held] - mean) / scale)
        assert (got.numpy()[held] == wanted).mean() > .98


def test_prototypes_are_nearest_centroids():
    toy = cloud()
    features = toy.noise + toy.exact
    chosen = torch.arange(len(features)) < 30
    got, others = nearest_means(features, toy.labels, chosen)
    assert (others == ~chosen).all()
    centroids = NearestCentroid().fit(
        features[chosen].numpy(), toy.labels[chosen].numpy())
    assert (got.numpy() == centroids.predict(
        features[~chosen].numpy())).all()


def test_objects_of_one_image_are_held_out_together():
    """Else an image's copies would give the answer away."""
    features = torch.eye(40).repeat_interleave(5, 0)
    labels = torch.randint(2, (40, ), generator=torch.Generator(
    ).manual_seed(0)).repeat_interleave(5)
    images = torch.arange(40).repeat_interleave(5)
    by_image = (held_out_guesses(features, labels, images) == labels)
    leaking = held_out_guesses(features, labels, torch.arange(200))
    assert by_image.float().mean() < .7 < (leaking == labels).float().mean()
