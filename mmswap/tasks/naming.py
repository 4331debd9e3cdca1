"""What a model calls the objects that are there."""
from typing import List, NamedTuple, Optional, Sequence

import numpy as np


class FoundRule(NamedTuple):
    """When an object counts as found.

    Attributes:
        min_iou: The least IoU of an object with a prediction that finds it.
        min_score: The least score of a prediction that is shown.
    """

    min_iou: float
    min_score: float


class Naming(NamedTuple):
    """What one object, or several alike, is called.

    Attributes:
        label: The true label.
        name: The label that it is found as; None if it is not found.
        weight: The number of objects, of pixels or of images.
        score: The score of the prediction that found it; None if there is
            none.
        localized: Whether a prediction of any score and label finds it; None
            for tasks that do not locate objects.
    """

    label: int
    name: Optional[int]
    weight: int = 1
    score: Optional[float] = None
    localized: Optional[bool] = None


def name_objects(ious: np.ndarray, labels: Sequence[int],
                 ignored: Sequence[bool], predicted: Sequence[int],
                 scores: Sequence[float], rule: FoundRule) -> List[Naming]:
    """Find out what each object of an image is called.

    An object is called by its own name where a prediction that finds it does
    so, as all those are shown that score enough. Else it has the name of the
    one with the highest score. A prediction that calls another object by its
    name is about that one alone: a rider is not a bicycle because the box of
    the bicycle overlaps theirs.

    Args:
        ious: IoU of each object with each prediction,
            (objects, predictions).
        labels: The label of each object.
        ignored: Whether an object, such as a crowd, need not be found.
        predicted: The label of each prediction.
        scores: The score of each prediction.
        rule: When an object counts as found.

    Returns:
        One for each object that is not ignored.
    """
    ious = ious.reshape(len(labels), len(predicted))
    same = np.equal.outer(np.asarray(labels), np.asarray(predicted))
    near = ious >= rule.min_iou
    about_another = (near & same).any(0) & ~same
    near &= ~about_another
    shown = near & (np.asarray(scores) >= rule.min_score)
    namings = []
    for i, label in enumerate(labels):
        if ignored[i]:
            continue
        found = shown[i] & same[i]
        if not found.any():
            found = shown[i]
        name = score = None
        if found.any():
            best = int(np.where(found, scores, -1).argmax())
            name, score = predicted[best], scores[best]
        namings.append(
            Naming(label, name, score=score, localized=bool(near[i].any())))
    return namings
