"""Images of the base model's classes, a folder for each."""
import os
from collections import Counter
from pathlib import Path
from typing import Optional, Tuple

import numpy as np

from mmswap.apis.pseudo.base import Base, PseudoLabels
from mmswap.apis.pseudo.files import read_images
from mmswap.apis.pseudo.selection import PseudoSettings
from mmswap.apis.pseudo.thresholds import (
    Thresholds,
    best_by_class,
    label_map,
)

# Without labelled images: half of the probability, so that no other class
# can be as likely.
DEFAULT_PROBABILITY = 0.5


def label_folders(base: Base, images: Path, out: Path, ann: Optional[Path],
                  settings: PseudoSettings) -> PseudoLabels:
    """Sort images by class, as links.

    Images that the model is not sure of are left out.

    Args:
        base: The base model, a classifier of images.
        images: Folder of the images.
        out: Folder to write to; it gets a folder for each class.
        ann: None: an image with a label needs no other.
        settings: See :class:`PseudoSettings`; with ``showing`` only images of
            these classes are sorted.

    Raises:
        FileNotFoundError: If the folder is not there.
        ValueError: If ``ann`` is given, or no image is left.
    """
    if ann is not None:
        raise ValueError('--ann must be left out for a classifier, whose '
                         f'images have one label each, got {ann}')
    source = read_images(images, None)
    thresholds = _thresholds(base, settings)
    counts: Tuple[Counter, Counter] = (Counter(), Counter())
    for path, sample in zip(source.paths,
                            base.predictor.predict(source.paths)):
        label, score = _answer(sample)
        name = base.classes[label]
        if settings.showing and name not in settings.showing:
            continue
        sure = score >= thresholds.scores[label]
        counts[0 if sure else 1][name] += 1
        if sure:
            link = out / name / path.relative_to(images)
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.is_symlink():
                link.symlink_to(os.path.relpath(path, link.parent))
    if not counts[0]:
        raise ValueError('--images must have an image that the model is sure '
                         f'of, got none of the {len(source.paths)}')
    return PseudoLabels(out, None, base.classes, thresholds, dict(counts[0]),
                        dict(counts[1]), sum(counts[0].values()))


def _answer(sample: object) -> Tuple[int, float]:
    """The likeliest label of an image and its probability."""
    scores = sample.pred_score  # type: ignore[attr-defined]
    return int(scores.argmax()), float(scores.max())


def _thresholds(base: Base, settings: PseudoSettings) -> Thresholds:
    count = len(base.classes)
    if settings.score is not None or base.labelled is None:
        return Thresholds.same(settings.score or DEFAULT_PROBABILITY, count)
    names = label_map(base.labelled.metainfo['classes'], base.classes)
    infos = [info for info in base.some(settings.val_images)
             if info['gt_label'] in names]
    answers = [_answer(sample) for sample in base.predictor.predict(
        [info['img_path'] for info in infos])]
    truth = np.array([names[info['gt_label']] for info in infos], dtype=int)
    labels = np.array([label for label, _ in answers], dtype=int)
    scores = np.array([score for _, score in answers])
    return best_by_class(labels, scores, labels == truth,
                         np.bincount(truth, minlength=count))
