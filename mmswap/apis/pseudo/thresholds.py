"""From which score on a prediction is taken for an object.

Detectors are sure of some classes and hesitant with others, so each class has
a threshold of its own where there are labelled images to choose it on: the
score at which the F1 of its predictions, precision and recall at an IoU of
0.5, is highest.
"""
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence

import numpy as np

from mmswap.apis.pseudo.found import Found
from mmswap.tasks.instance_overlaps import instance_ious

# Without labelled images: of 0.3 to 0.6 what kept most of the base's AP on
# photographs (docs/photographs.md).
DEFAULT_SCORE = 0.4
MIN_IOU = 0.5
# A class with fewer labelled objects takes the threshold of all together.
MIN_OBJECTS = 10
# What scores above this part of its threshold is uncertain.
UNCERTAIN = 0.5


class Thresholds(NamedTuple):
    """Scores from which on a prediction counts.

    Attributes:
        scores: For each class, (K, ).
        objects: How many labelled objects each was chosen on, (K, ); zeros
            where it is the threshold of all classes together, or given.
    """

    scores: np.ndarray
    objects: np.ndarray

    @classmethod
    def same(cls, score: float, num_classes: int) -> 'Thresholds':
        """One score for all classes.

        Args:
            score: The score.
            num_classes: K.
        """
        return cls(np.full(num_classes, score),
                   np.zeros(num_classes, dtype=int))


class Tally:
    """Predictions of labelled images, each right or wrong.

    Args:
        num_classes: K, of the model.
    """

    def __init__(self, num_classes: int) -> None:
        self._objects = np.zeros(num_classes, dtype=int)
        self._labels: List[int] = []
        self._scores: List[float] = []
        self._right: List[bool] = []

    def count_objects(self, labels: np.ndarray) -> None:
        """Count what there is to be found.

        Args:
            labels: The model's labels of the objects of an image, (n, ).
        """
        np.add.at(self._objects, labels, 1)

    def note(self, label: int, score: float, right: bool) -> None:
        """Note a prediction.

        Args:
            label: Its label.
            score: Its score.
            right: Whether it finds an object that no other found.
        """
        self._labels.append(int(label))
        self._scores.append(float(score))
        self._right.append(bool(right))

    def thresholds(self) -> Thresholds:
        """The best score of each class.

        Raises:
            ValueError: If there is no labelled object of the model's classes.
        """
        if not self._objects.sum():
            raise ValueError(
                'val_dataloader.dataset of CONFIG must show objects of the '
                "model's classes, got none; --score gives a threshold without "
                'them')
        return best_by_class(
            np.array(self._labels, dtype=int), np.array(self._scores),
            np.array(self._right, bool), self._objects)


class Judged(Tally):
    """Predicted instances of labelled images, each right or wrong."""

    def add(self, found: Found, instances: Sequence[Mapping[str, Any]],
            label_map: Mapping[int, int]) -> None:
        """Compare the predictions of an image with its labels.

        As COCO does: from the highest score on, each takes the object of its
        class that it overlaps most, if no other has it yet; those on ignored
        objects do not count.

        Args:
            found: The predictions.
            instances: The objects, as mmdet's data sets have them.
            label_map: From their labels to the model's; objects of other
                classes do not count.
        """
        instances = [i for i in instances if i['bbox_label'] in label_map]
        labels = np.array([label_map[i['bbox_label']] for i in instances],
                          dtype=int)
        ignored = np.array([bool(i.get('ignore_flag')) for i in instances],
                           dtype=bool)
        self.count_objects(labels[~ignored])
        known = found.take(np.isin(found.labels, list(label_map.values())))
        boxes = [dict(bbox=i['bbox']) for i in instances]
        ious = instance_ious(boxes, ignored.tolist(), _tensors(known),
                             found.size)
        free = np.ones(len(labels), dtype=bool)
        for column, (label, score) in enumerate(
                zip(known.labels, known.scores)):
            near = (labels == label) & (ious[:, column] >= MIN_IOU)
            taken = np.where(near & free & ~ignored, ious[:, column], -1.)
            right = bool((taken >= 0).any())
            if right:
                free[int(taken.argmax())] = False
            elif (near & ignored).any():
                continue
            self.note(label, score, right)


def best_by_class(labels: np.ndarray, scores: np.ndarray, right: np.ndarray,
                  objects: np.ndarray) -> Thresholds:
    """The best score of each class, and of all for those with few objects.

    Args:
        labels: Of the predictions, (n, ).
        scores: Theirs, (n, ).
        right: Whether each finds an object that no other found, (n, ).
        objects: How many there are of each class, (K, ).
    """
    enough = objects >= MIN_OBJECTS
    best = np.full(len(objects), best_score(
        scores, right, int(objects.sum())))
    for label in np.flatnonzero(enough):
        mine = labels == label
        best[label] = best_score(scores[mine], right[mine],
                                 int(objects[label]))
    return Thresholds(best, np.where(enough, objects, 0))


def best_score(scores: np.ndarray, right: np.ndarray,
               num_objects: int) -> float:
    """The score at which F1 is highest.

    Args:
        scores: Of the predictions, (n, ).
        right: Whether each finds an object that no other found, (n, ).
        num_objects: How many there are to be found.

    Returns:
        The score; 1 where no prediction is right, so that none counts.
    """
    if not right.any():
        return 1.
    order = np.argsort(-scores, kind='stable')
    hits = np.cumsum(right[order])
    f1 = 2 * hits / (np.arange(1, len(scores) + 1) + num_objects)
    # Of predictions with one score, all count or none.
    last = np.append(np.diff(scores[order]) != 0, True)
    return float(scores[order][int(np.where(last, f1, -1.).argmax())])


def label_map(theirs: Sequence[str], ours: Sequence[str]) -> Dict[int, int]:
    """From the labels of a data set to the model's, by name.

    Args:
        theirs: Names of the data set's classes, by label.
        ours: Names of the model's.
    """
    return {i: list(ours).index(name) for i, name in enumerate(theirs)
            if name in ours}


def _tensors(found: Found) -> Dict[str, Any]:
    import torch
    return dict(bboxes=torch.from_numpy(found.boxes))
