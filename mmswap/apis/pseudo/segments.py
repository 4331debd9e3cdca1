"""The panoptic segments of a model, and those of a person, in one map."""
from itertools import count
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence

import numpy as np

from mmswap.apis.pseudo.selection import INSIDE, PseudoSettings
from mmswap.apis.pseudo.thresholds import MIN_IOU, Tally, Thresholds
from mmswap.tasks.panoptic_metric import predicted_segments
from mmswap.tasks.panoptic_quality import VOID_ID, segment_ious


class FoundSegments(NamedTuple):
    """What a model finds in an image.

    Attributes:
        ids: The id of each pixel's segment, (h, w).
        numbers: The ids of those that are segments of a class, (n, ).
        labels: Their labels, (n, ).
        scores: Their scores, means over their pixels, (n, ).
    """

    ids: np.ndarray
    numbers: np.ndarray
    labels: np.ndarray
    scores: np.ndarray


def segments_of(sample: Any, num_classes: int) -> FoundSegments:
    """What a panoptic model predicts.

    Args:
        sample: A data sample of mmdet, on the CPU, of a model with
            :func:`~mmswap.apis.pseudo.fusion.add_scores`.
        num_classes: Of the model.
    """
    segments = sample.pred_panoptic_seg
    ids, labels = predicted_segments(
        dict(sem_seg=segments.sem_seg), num_classes)
    numbers = np.array(list(labels), dtype=int)
    scores = np.bincount(ids.ravel(), segments.scores.numpy().ravel())
    areas = np.bincount(ids.ravel())
    return FoundSegments(ids, numbers, np.array(list(labels.values()), int),
                         scores[numbers] / areas[numbers])


class JudgedSegments(Tally):
    """Predicted segments of labelled images, each right or wrong."""

    def add(self, found: FoundSegments, truth_ids: np.ndarray,
            truth: Mapping[int, int], crowds: Sequence[int]) -> None:
        """Compare the segments of an image with its labels.

        As panoptic quality does: one is right if it overlaps a true one of
        its class by an IoU above 0.5, and does not count if it is void or a
        crowd of its class for the most part.

        Args:
            found: The predictions.
            truth_ids: The id of each pixel's true segment, 0 for none,
                (h, w).
            truth: The model's label of each true segment of its classes.
            crowds: Ids of those that are crowds.
        """
        objects = [i for i in truth if i not in crowds]
        labels = np.array([truth[i] for i in objects], dtype=int)
        self.count_objects(labels)
        ious = segment_ious(truth_ids, objects, found.ids,
                            found.numbers.tolist())
        for column, (number, label, score) in enumerate(
                zip(found.numbers, found.labels, found.scores)):
            right = (ious[:, column] > MIN_IOU) & (labels == label)
            here = truth_ids[found.ids == number]
            free = [VOID_ID, *(i for i in crowds if truth.get(i) == label)]
            if right.any() or np.isin(here, free).mean() <= .5:
                self.note(label, score, right.any())


class Labelled(NamedTuple):
    """What a person labelled in an image.

    Attributes:
        ids: The id of each pixel's segment, 0 for none, (h, w).
        segments: The segments, as COCO has them.
        names: The class name of each of these.
    """

    ids: np.ndarray
    segments: Sequence[Mapping[str, Any]]
    names: Sequence[str]


class Filled(NamedTuple):
    """The segments of a person and of a model.

    Attributes:
        ids: The id of each pixel's segment, 0 for none, (h, w).
        segments: The segments, as COCO has them; those of the model have
            ``score``, ``pseudo`` and no ``category_id``.
        added: The model's label of each that was added, by id.
        ignored: The labels of those that became void instead.
    """

    ids: np.ndarray
    segments: List[Dict[str, Any]]
    added: Dict[int, int]
    ignored: List[int]


def fill(found: FoundSegments, labelled: Labelled, classes: Sequence[str],
         num_things: int, thresholds: Thresholds,
         settings: PseudoSettings) -> Filled:
    """Fill what a person left unlabelled with the segments of a model.

    Args:
        found: Those of the model.
        labelled: Those of the person.
        classes: Names of the model's classes, by label.
        num_things: How many of them, the first ones, are things.
        thresholds: Of the model's classes.
        settings: See :class:`PseudoSettings`.
    """
    fixed_ids = [s['id'] for s, name in zip(labelled.segments, labelled.names)
                 if name not in settings.unlabelled]
    fixed = np.where(np.isin(labelled.ids, fixed_ids), labelled.ids, VOID_ID)
    # With an id that is not void's the rest counts in the unions.
    rest = fixed.max() + 1
    ious = segment_ious(np.where(fixed == VOID_ID, rest, fixed), fixed_ids,
                        found.ids, found.numbers.tolist())
    theirs = [s['id'] for s in labelled.segments]
    ids = np.where(np.isin(labelled.ids, theirs), labelled.ids, VOID_ID)
    fresh = (i for i in count(1) if i not in theirs)
    added: Dict[int, int] = {}
    scores: Dict[int, float] = {}
    ignored: List[int] = []
    for column in np.argsort(-found.scores, kind='stable'):
        label, score = int(found.labels[column]), float(found.scores[column])
        wanted = thresholds.scores[label]
        # Stuff is one segment, and where a person labelled it, theirs.
        told = label >= num_things and classes[label] in labelled.names
        if (score < settings.uncertain * wanted or told
                or (ious[:, column] >= settings.overlap).any()):
            continue
        mask = found.ids == found.numbers[column]
        free = mask & (fixed == VOID_ID)
        if not free.any():
            continue
        if score < wanted or free.sum() <= (1 - INSIDE) * mask.sum():
            ids[free] = VOID_ID
            ignored.append(label)
            continue
        number = next(fresh)
        ids[free] = number
        added[number], scores[number] = label, round(score, 4)
    return Filled(ids, _segments(ids, labelled.segments, scores), added,
                  ignored)


def _segments(ids: np.ndarray, theirs: Sequence[Mapping[str, Any]],
              scores: Mapping[int, float]) -> List[Dict[str, Any]]:
    """The entries of the segments that are left."""
    segments = []
    for segment in theirs:
        mask = ids == segment['id']
        if mask.any():
            segments.append(dict(segment, **_place(mask)))
    return segments + [
        dict(id=number, iscrowd=0, score=score, pseudo=True,
             **_place(ids == number)) for number, score in scores.items()
    ]


def _place(mask: np.ndarray) -> Dict[str, Any]:
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    left, top = int(columns[0]), int(rows[0])
    return dict(area=int(mask.sum()),
                bbox=[left, top, int(columns[-1]) + 1 - left,
                      int(rows[-1]) + 1 - top])
