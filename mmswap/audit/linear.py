"""Classifiers in closed form, on features that stay as they are."""
from typing import Tuple

import torch
from torch import Tensor

# Of the variance of a standardised feature, which is 1.
_RIDGE = 1e-2
_FOLDS = 5


def held_out_guesses(features: Tensor, labels: Tensor,
                     images: Tensor) -> Tensor:
    """What a linear probe calls objects of images that it was not fitted on.

    Ridge regression onto one column a class, all classes weighing the same,
    in five folds of images.

    Args:
        features: Shape (M, D).
        labels: Int64 of shape (M,).
        images: The image of each object, int64 of shape (M,).

    Returns:
        A label for each object, int64 of shape (M,).

    Raises:
        ValueError: If there are fewer than two images.
    """
    folds = torch.unique(images, return_inverse=True)[1] % _FOLDS
    if int(folds.max()) < 1:
        raise ValueError('images to audit on must be two or more with an '
                         'object, got one')
    guesses = torch.empty_like(labels)
    for fold in range(int(folds.max()) + 1):
        held = folds == fold
        weight, mean, scale, classes = _ridge(features[~held], labels[~held])
        rows = _with_ones((features[held].double() - mean) / scale)
        guesses[held] = classes[(rows @ weight).argmax(1)]
    return guesses


def _ridge(features: Tensor,
           labels: Tensor) -> Tuple[Tensor, Tensor, Tensor, Tensor]:
    """Weights of shape (D + 1, classes), mean, scale and the classes."""
    classes, columns, counts = torch.unique(
        labels, return_inverse=True, return_counts=True)
    values = features.double()
    mean, scale = values.mean(0), values.std(0).clamp(min=1e-6)
    rows = _with_ones((values - mean) / scale)
    targets = torch.nn.functional.one_hot(columns, len(classes)).double()
    share = (1. / (counts.double() * len(classes)))[columns][:, None]
    gram = rows.T @ (rows * share)
    penalty = _RIDGE * torch.eye(len(gram), dtype=torch.float64)
    penalty[-1, -1] = 0  # Not of the constant.
    weight = torch.linalg.solve(gram + penalty, rows.T @ (targets * share))
    return weight, mean, scale, classes


def _with_ones(rows: Tensor) -> Tensor:
    return torch.cat((rows, rows.new_ones(len(rows), 1)), 1)


def nearest_means(features: Tensor, labels: Tensor,
                  chosen: Tensor) -> Tuple[Tensor, Tensor]:
    """What objects are called by the nearest mean of some chosen ones.

    That is a linear classifier whose rows are the means m of the classes'
    chosen features, with the bias -m * m / 2.

    Args:
        features: Shape (M, D).
        labels: Int64 of shape (M,).
        chosen: Which objects the means are of, bool of shape (M,).

    Returns:
        Labels of the objects that were not chosen, and which these are, bool
        of shape (M,).
    """
    values = features.double()
    classes = torch.unique(labels[chosen])
    means = torch.stack(
        [values[chosen & (labels == each)].mean(0) for each in classes])
    logits = values[~chosen] @ means.T - (means * means).sum(1) / 2
    return classes[logits.argmax(1)], ~chosen
