"""Which objects an image to be synthesized shows, and where."""
from typing import NamedTuple, Sequence

import numpy as np

from mmswap.apis.pseudo.found import Found
from mmswap.tasks.instance_overlaps import box_ious

# Objects of an image: one or two as often as more.
_COUNTS = (1, 2, 2, 3, 4)
# Sides of a box, as shares of the image's: the geometric mean of both, the
# largest of images with up to two objects and with more, and the natural
# logarithm of the square root of the ratio.
_LEAST, _MOST_OF_FEW, _MOST_OF_MANY = .145, .79, .48
_LOG_RATIO = .5
_MOST_SIDE = .96
_MOST_OVERLAP = .05
_TRIES = 50
# A prediction of this score and overlap says what a new object looks like.
_SCORE, _SAME = .05, .5


class Scene(NamedTuple):
    """The objects of an image.

    Attributes:
        boxes: Corners as shares of the image's side, (n, 4).
        labels: Their classes, (n, ).
    """

    boxes: np.ndarray
    labels: np.ndarray


def draw_scene(rng: np.random.Generator, shares: np.ndarray) -> Scene:
    """Draw objects at random.

    Args:
        rng: Where chance comes from.
        shares: How likely each class is, (K, ).
    """
    count = rng.choice(_COUNTS)
    most = _MOST_OF_FEW if count < 3 else _MOST_OF_MANY
    boxes = np.empty((0, 4))
    for _ in range(_TRIES):
        mean = np.exp(rng.uniform(np.log(_LEAST), np.log(most)))
        ratio = np.exp(rng.uniform(-_LOG_RATIO, _LOG_RATIO))
        sides = np.minimum([mean * ratio, mean / ratio], _MOST_SIDE)
        corner = rng.uniform(0, 1 - sides)
        box = np.concatenate([corner, corner + sides])[None]
        if (box_ious(box, boxes) < _MOST_OVERLAP).all():
            boxes = np.concatenate([boxes, box])
        if len(boxes) == count:
            break
    return Scene(boxes, rng.choice(len(shares), len(boxes), p=shares))


def class_shares(found: Sequence[Found], known: Sequence[np.ndarray],
                 num_classes: int) -> np.ndarray:
    """How often each class is to be shown.

    Half of the objects are of all classes alike. The others are of those that
    the model takes new objects for, in proportion to its scores: what it
    learns has to be told from these above all.

    Args:
        found: What the model finds in new images.
        known: The boxes of the new objects in each, (n, 4).
        num_classes: Of the model.

    Returns:
        Shares that sum to 1, (K, ).
    """
    alike = np.zeros(num_classes)
    for each, boxes in zip(found, known):
        overlaps = box_ious(each.boxes, boxes) > _SAME
        scores = np.where(each.scores > _SCORE, each.scores, 0)
        np.add.at(alike, each.labels, scores * overlaps.sum(axis=1))
    even = np.full(num_classes, 1 / num_classes)
    if not alike.any():
        return even
    return (even + alike / alike.sum()) / 2
