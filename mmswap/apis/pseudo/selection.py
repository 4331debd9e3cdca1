"""Which of a model's predictions are taken for objects."""
from pathlib import Path
from typing import Any, Dict, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from mmswap.apis.pseudo.found import Found
from mmswap.apis.pseudo.thresholds import UNCERTAIN, Thresholds
from mmswap.tasks.instance_overlaps import box_ious

# Two classes for one object are one too many.
_SAME_OBJECT = 0.7
# This much of a box within a labelled one: a part of that object, or another
# in front of it; a person could tell.
INSIDE = 0.7


class PseudoSettings(NamedTuple):
    """What counts as an object.

    Attributes:
        score: From which score on; None for one of each class, chosen on the
            images that the config validates on, or
            :data:`~mmswap.apis.pseudo.thresholds.DEFAULT_SCORE` where these
            are not there.
        uncertain: The part of that score from which on a prediction is
            uncertain and marked as ignored (``iscrowd``); 1 for none.
        overlap: The IoU with an object that a person labelled from which on a
            prediction is left out, whatever its class.
        showing: Names of classes of which an image must show one to stay;
            none for all images.
        unlabelled: Names of classes whose pixels in a person's maps may be
            something else: ``background``, where what was not to be labelled
            is called that.
        val_images: How many labelled images the scores are chosen on.
        sheet_images: How many images the contact sheet shows.
        maps: For a panoptic model the folder of the maps that a person's json
            lists; None for the one beside it that has its name.
    """

    score: Optional[float] = None
    uncertain: float = UNCERTAIN
    overlap: float = 0.5
    showing: Tuple[str, ...] = ()
    unlabelled: Tuple[str, ...] = ()
    val_images: int = 500
    sheet_images: int = 24
    maps: Optional[Path] = None

    def check(self) -> None:
        """Refuse what is out of range.

        Raises:
            ValueError: If a number is.
        """
        for name in ('score', 'uncertain', 'overlap'):
            value = getattr(self, name)
            if value is not None and not 0 < value <= 1:
                raise ValueError(
                    f'--{name} must be above 0 and up to 1, got {value}')


def select(found: Found, thresholds: Thresholds,
           labelled: Sequence[Mapping[str, Any]],
           settings: PseudoSettings) -> Tuple[Found, np.ndarray]:
    """What of the predictions of an image is an object.

    Args:
        found: The predictions.
        thresholds: Of the classes.
        labelled: What a person labelled in it, annotations of COCO.
        settings: See :class:`PseudoSettings`.

    Returns:
        Those that are kept, and whether each is certain.
    """
    wanted = thresholds.scores[found.labels]
    found = found.take(found.scores >= settings.uncertain * wanted)
    known = corners_of(labelled)
    found = found.take(
        (box_ious(found.boxes, known) < settings.overlap).all(axis=1))
    same = box_ious(found.boxes, found.boxes) >= _SAME_OBJECT
    same &= found.labels[:, None] != found.labels
    kept = np.ones(len(found.labels), dtype=bool)
    for i in range(len(kept)):  # From the highest score.
        kept[i] = not (same[i, :i] & kept[:i]).any()
    found = found.take(kept)
    certain = found.scores >= thresholds.scores[found.labels]
    inside = box_ious(found.boxes, known, [1] * len(known)) >= INSIDE
    return found, certain & ~inside.any(axis=1)


def as_annotation(found: Found, index: int,
                  outlines: bool = False) -> Dict[str, Any]:
    """A prediction as an annotation of COCO, without its ids.

    Args:
        found: The predictions of an image.
        index: Which of them.
        outlines: Whether a box without a mask has its outline for one.
    """
    left, top, right, bottom = found.boxes[index].tolist()
    width, height = right - left, bottom - top
    annotation: Dict[str, Any] = dict(
        bbox=[round(v, 2) for v in (left, top, width, height)],
        area=round(width * height, 2), pseudo=True,
        score=round(float(found.scores[index]), 4))
    if found.masks is not None:
        from pycocotools import mask as mask_utils
        rle = found.masks[index]
        annotation['area'] = float(mask_utils.area(rle))
        annotation['segmentation'] = dict(
            rle, counts=rle['counts'].decode()
            if isinstance(rle['counts'], bytes) else rle['counts'])
    elif outlines:
        annotation['segmentation'] = [[left, top, right, top,
                                       right, bottom, left, bottom]]
    return annotation


def corners_of(labelled: Sequence[Mapping[str, Any]]) -> np.ndarray:
    """The boxes of annotations of COCO.

    Args:
        labelled: The annotations, n of them.

    Returns:
        Corners in pixels, (n, 4).
    """
    boxes = np.array([a['bbox'] for a in labelled], dtype=float)
    boxes = boxes.reshape(-1, 4)
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
