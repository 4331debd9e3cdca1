"""Semantic maps of the base model's classes."""
from collections import Counter
from pathlib import Path
from typing import Any, List, Optional, Tuple

import mmcv
import numpy as np
from torch import Tensor

from mmswap.apis.pseudo.base import Base, PseudoLabels
from mmswap.apis.pseudo.selection import PseudoSettings
from mmswap.apis.pseudo.thresholds import Thresholds

IGNORED = 255
_BINS = 100


class JudgedPixels:
    """Predicted pixels of labelled images, right or wrong, by probability.

    Args:
        num_classes: K.
    """

    def __init__(self, num_classes: int) -> None:
        self._right = np.zeros((num_classes, _BINS), dtype=np.int64)
        self._all = np.zeros((num_classes, _BINS), dtype=np.int64)
        self._true = np.zeros(num_classes, dtype=np.int64)

    def add(self, labels: np.ndarray, probabilities: np.ndarray,
            truth: np.ndarray) -> None:
        """Compare a map with the true one.

        Args:
            labels: Predicted labels, of any shape.
            probabilities: Theirs.
            truth: The true labels, of the same shape; others than those of
                the model do not count.
        """
        known = truth < len(self._true)
        labels, truth = labels[known], truth[known]
        bins = np.minimum((probabilities[known] * _BINS).astype(int),
                          _BINS - 1)
        np.add.at(self._all, (labels, bins), 1)
        right = labels == truth
        np.add.at(self._right, (labels[right], bins[right]), 1)
        np.add.at(self._true, truth, 1)

    def thresholds(self) -> Thresholds:
        """The probability of each class at which its F1 is highest."""
        hits = self._right[:, ::-1].cumsum(1)[:, ::-1]
        shown = self._all[:, ::-1].cumsum(1)[:, ::-1]
        f1 = 2 * hits / np.maximum(shown + self._true[:, None], 1)
        best = f1.argmax(1) / _BINS
        return Thresholds(np.where(hits[:, 0] > 0, best, 1.), self._true)


def label_maps(base: Base, images: Path, out: Path, ann: Optional[Path],
               settings: PseudoSettings) -> PseudoLabels:
    """Write a map for each image.

    A pixel that a person labelled stays as it is; of the others each gets the
    model's class where that is likely enough, and is ignored elsewhere.

    Args:
        base: The base model.
        images: Folder of the images.
        out: Folder to write to.
        ann: Folder of the maps of what a person labelled, one for each image;
            None for none.
        settings: See :class:`PseudoSettings`; ``overlap``, ``uncertain`` and
            ``sheet_images`` are for instances.

    Raises:
        FileNotFoundError: If a folder or a map is not there.
        ValueError: If there is no image.
    """
    dataset = _dataset(base)
    suffixes = dataset.img_suffix, dataset.seg_map_suffix
    offset = int(bool(dataset.reduce_zero_label))
    stems = _stems(images, suffixes[0])
    maps = [_given(ann, stem, suffixes[1]) for stem in stems]
    thresholds = _thresholds(base, settings, offset)
    ours = [label for label, name in enumerate(base.classes)
            if name in settings.unlabelled]
    counts: Tuple[Counter, Counter] = (Counter(), Counter())
    written = 0
    predictions = base.predictor.predict(
        [images / f'{stem}{suffixes[0]}' for stem in stems])
    for stem, given, sample in zip(stems, maps, predictions):
        labels, probabilities = labels_of(
            sample, base.predictor.has_queries)
        sure = probabilities >= thresholds.scores[labels]
        if settings.showing and not {
                base.classes[i] for i in np.unique(labels[sure])
        } & set(settings.showing):
            continue
        pixels = np.full(labels.shape, IGNORED, dtype=np.uint8)
        pixels[sure] = labels[sure] + offset
        if given is not None:
            theirs = _labelled(given, offset, labels.shape)
            keep = (theirs >= 0) & ~np.isin(theirs, ours)
            # What is labelled as background stays that where the model sees
            # nothing for certain.
            keep |= np.isin(theirs, ours) & ~sure
            pixels[keep] = theirs[keep] + offset
            sure = sure & ~keep
            labels = np.where(keep, -1, labels)
        _count(counts, labels, sure, base)
        mmcv.imwrite(pixels, str(out / f'{stem}{suffixes[1]}'))
        written += 1
    if not written:
        raise ValueError(f'--images must have an image that shows '
                         f'{list(settings.showing)} for certain, got none of '
                         f'the {len(stems)}')
    return PseudoLabels(out, None, base.classes, thresholds, dict(counts[0]),
                        dict(counts[1]), written)


def labels_of(sample: Any, has_queries: bool) -> Tuple[np.ndarray, np.ndarray]:
    """The likeliest label of each pixel, and how likely it is.

    A softmax says how likely, of a model that gives each pixel a logit for
    each class. One of queries gives sums of probabilities: of these it is the
    share.

    Args:
        sample: A data sample of mmseg, on the CPU.
        has_queries: Whether the model is one of queries.

    Returns:
        Both (h, w).
    """
    logits: Tensor = sample.seg_logits.data.float()
    shares = (logits / logits.sum(0).clamp(min=1e-9) if has_queries else
              logits.softmax(0))
    best = shares.max(0)
    return best.indices.numpy(), best.values.numpy()


def _dataset(base: Base) -> Any:
    """One that knows how maps are named and numbered."""
    if base.labelled is None:
        raise ValueError(
            'val_dataloader.dataset of CONFIG must be there, as it says how '
            'maps are named and numbered')
    return base.labelled


def _thresholds(base: Base, settings: PseudoSettings,
                offset: int) -> Thresholds:
    if settings.score is not None:
        return Thresholds.same(settings.score, len(base.classes))
    judged = JudgedPixels(len(base.classes))
    infos = base.some(settings.val_images)
    for info, sample in zip(infos, base.predictor.predict(
            [info['img_path'] for info in infos])):
        labels, probabilities = labels_of(
            sample, base.predictor.has_queries)
        truth = _labelled(Path(info['seg_map_path']), offset, labels.shape)
        # What is ignored is -1; as a large number it is no class.
        judged.add(labels, probabilities, np.where(truth < 0, IGNORED, truth))
    return judged.thresholds()


def _stems(images: Path, suffix: str) -> List[str]:
    if not images.is_dir():
        raise FileNotFoundError(
            f'--images must be the folder of the images, got {images}')
    found = sorted(p.relative_to(images).as_posix()[:-len(suffix)]
                   for p in images.rglob(f'*{suffix}'))
    if not found:
        raise ValueError(f'--images must have an image *{suffix}, got none in '
                         f'{images}')
    return found


def _given(ann: Optional[Path], stem: str, suffix: str) -> Optional[Path]:
    if ann is None:
        return None
    path = ann / f'{stem}{suffix}'
    if not path.is_file():
        raise FileNotFoundError(
            f'--ann must have a map for each image, got none for {path}')
    return path


def _labelled(path: Path, offset: int, shape: Any) -> np.ndarray:
    """The labels of a map; -1 where it is to be ignored."""
    pixels = mmcv.imread(str(path), flag='unchanged', backend='pillow')
    pixels = np.asarray(pixels).astype(int)
    if pixels.shape != shape:
        raise ValueError(f'--ann must have maps of the size of their images, '
                         f'{shape}, got {pixels.shape} in {path}')
    return np.where(pixels == IGNORED, -1, pixels - offset)


def _count(counts: Tuple[Counter, Counter], labels: np.ndarray,
           sure: np.ndarray, base: Base) -> None:
    for counter, which in zip(counts, (sure, ~sure)):
        values, numbers = np.unique(labels[which], return_counts=True)
        for label, number in zip(values.tolist(), numbers.tolist()):
            if label >= 0:
                counter[base.classes[label]] += number
