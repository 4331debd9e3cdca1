"""The arithmetic of panoptic quality: matching and means."""
from collections import Counter
from typing import Dict, Mapping, Sequence, Set, Tuple

import numpy as np

# The id of pixels without a true segment.
VOID_ID = 0
# Columns of what is counted for each class.
_IOU, _TP, _FP, _FN = range(4)
# Above all ids of COCO's colours, to join two ids in one number.
_MAX_ID = 256**3


def match_segments(truth_ids: np.ndarray, truth: Mapping[int, int],
                   crowds: Set[int], predicted_ids: np.ndarray,
                   predicted: Mapping[int, int],
                   num_classes: int) -> np.ndarray:
    """Match the predicted segments of an image with the true ones.

    Two segments of a class match if their IoU is over a half. Void pixels of
    the ground truth, id 0, do not count in it. A predicted segment without a
    match is wrong unless more than half of it is void or a crowd of its
    class. Segments in ``truth_ids`` that ``truth`` does not name are of no
    interest, but not void: what is predicted there is wrong.

    Args:
        truth_ids: The id of the true segment of each pixel, (h, w).
        truth: The label of each true segment.
        crowds: Ids of those that are crowds, which need not be found.
        predicted_ids: The id of the predicted segment of each pixel, (h, w).
        predicted: The label of each predicted segment.
        num_classes: Number of labels.

    Returns:
        Sum of the IoUs of matches, number of matches, of wrong segments and
        of missed ones, for each class: (num_classes, 4).
    """
    overlaps, true_area, found_area = _count_pairs(truth_ids, predicted_ids)
    table = np.zeros((num_classes, 4))
    matched_true, matched_found = set(), set()
    for (true, found), overlap in overlaps.items():
        label = predicted.get(found)
        if label is None or true in crowds or truth.get(true) != label:
            continue
        union = true_area[true] + found_area[found] - overlap - overlaps[
            VOID_ID, found]
        if overlap / union > .5:
            table[label, _IOU] += overlap / union
            table[label, _TP] += 1
            matched_true.add(true)
            matched_found.add(found)
    for true in set(truth) - crowds - matched_true:
        table[truth[true], _FN] += 1
    for found in set(predicted) - matched_found:
        label = predicted[found]
        free = overlaps[VOID_ID, found] + sum(
            overlaps[i, found] for i in crowds if truth[i] == label)
        table[label, _FP] += free <= found_area[found] / 2
    return table


def segment_ious(truth_ids: np.ndarray, truth: Sequence[int],
                 predicted_ids: np.ndarray,
                 predicted: Sequence[int]) -> np.ndarray:
    """IoU of each true with each predicted segment, without void pixels.

    Args:
        truth_ids: The id of the true segment of each pixel, (h, w).
        truth: Ids of true segments.
        predicted_ids: The id of the predicted segment of each pixel, (h, w).
        predicted: Ids of predicted segments.

    Returns:
        (true segments, predicted segments); 0 for a segment without a pixel.
    """
    overlaps, true_area, found_area = _count_pairs(truth_ids, predicted_ids)
    ious = np.zeros((len(truth), len(predicted)))
    for i, true in enumerate(truth):
        for j, found in enumerate(predicted):
            overlap = overlaps[true, found]
            if overlap:
                ious[i, j] = overlap / (
                    true_area[true] + found_area[found] - overlap -
                    overlaps[VOID_ID, found])
    return ious


def _count_pairs(
    first: np.ndarray, second: np.ndarray
) -> Tuple['Counter[Tuple[int, int]]', 'Counter[int]', 'Counter[int]']:
    """How often each pair of ids occurs in two maps, and each id in each."""
    pairs, counts = np.unique(first * _MAX_ID + second, return_counts=True)
    overlaps: Counter[Tuple[int, int]] = Counter()
    areas: Tuple[Counter[int], Counter[int]] = (Counter(), Counter())
    for pair, count in zip(pairs.tolist(), counts.tolist()):
        ids = divmod(pair, _MAX_ID)
        overlaps[ids] = count
        for area, each in zip(areas, ids):
            area[each] += count
    return (overlaps, *areas)


def mean_qualities(table: np.ndarray) -> Dict[str, float]:
    """Mean panoptic, segmentation and recognition quality.

    Args:
        table: What :func:`match_segments` found, summed over all images:
            (num_classes, 4).

    Returns:
        ``PQ``, ``SQ`` and ``RQ`` in percent, means over the classes that
        occur or are predicted; none if none does.
    """
    iou, tp, fp, fn = table[table[:, _TP:].sum(1) > 0].T
    if not len(tp):
        return {}
    segments = tp + fp / 2 + fn / 2
    quality = dict(
        PQ=iou / segments, SQ=iou / np.maximum(tp, 1), RQ=tp / segments)
    return {
        name: float(100 * value.mean())
        for name, value in quality.items()
    }
