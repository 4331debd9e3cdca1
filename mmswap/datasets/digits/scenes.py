"""Small scenes of real handwritten digits, made on the spot.

The demo, the tests and the digit benchmarks need a data set that no download
stands in front of. scikit-learn carries the UCI handwritten digits (1,797
images of 8x8 pixels); here they are enlarged, tinted and composed on coloured
noise, with the annotations of each task.

Scenes come in four sets, so that a swap has the data that a user would have:

* ``base``: digits 0-7, what the base model was trained on;
* ``learn``: digits 8 and 9, the new classes;
* ``mixed``: the new classes among old ones. Nothing tells of the latter: they
  are without a box, and background in all maps. There are no single ones;
* ``val``: all ten digits together, written by other hands than the two above.

Below the root folder are, with ``<set>`` for the name of a set:

* ``images/<set>/*.png``: the scenes;
* ``annotations/<set>.json``: boxes and masks, as COCO has them;
* ``annotations/panoptic_<set>.json`` and ``panoptic/<set>/*.png``: COCO's
  panoptic segments. Digits are things; ``background``, the rest, is stuff.
* ``semantic/<set>/*.png``: semantic maps, 0-9 for the digits and 255, to be
  ignored, for the rest. A model that is trained on them calls every pixel of
  the background some digit, and is not judged for it.
* ``semantic_bg/<set>/*.png``: the same with background as a class, 0, and
  1-10 for the digits. It is the first class, as the digits 8 and 9 have to
  come after those of the base model. ``reduce_zero_label=True`` turns these
  maps into the former.
* ``single/<set>/<class>/*.png``, ``single/<set>.txt``: for classification,
  images of half the width with one digit each. mmpretrain's
  ``CustomDataset`` reads the folders, and numbers them by the alphabet, or
  the list, where the label is the digit.
"""
import json
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import numpy as np

from mmswap.datasets.digits.files import SceneWriter, write_file, write_png

CLASSES: Tuple[str, ...] = ('zero', 'one', 'two', 'three', 'four', 'five',
                            'six', 'seven', 'eight', 'nine')
NUM_BASE = 8
# What the two-digit ``forget`` split of the shipped configs names.
FORGET: Tuple[str, ...] = ('three', 'five')

# Counted up when files are added, so that older folders get them too.
_FILES = 3
_VAL_SHARE = 5  # every 5th written digit of a class is kept for validation


def _written_digits(validation: bool) -> Dict[int, np.ndarray]:
    """The 8x8 images of each digit, of the training or the other hands."""
    from sklearn.datasets import load_digits
    data = load_digits()
    digits = {}
    for digit in range(len(CLASSES)):
        images = data.images[data.target == digit] / 16.
        held_out = np.arange(len(images)) % _VAL_SHARE == 0
        digits[digit] = images[held_out == validation]
    return digits


def _background(size: int, rng: np.random.Generator) -> np.ndarray:
    """Smooth coloured noise, (size, size, 3) in 0-255."""
    import cv2
    coarse = rng.uniform(0, 150, (6, 6, 3)).astype(np.float32)
    smooth = cv2.resize(coarse, (size, size), interpolation=cv2.INTER_CUBIC)
    return np.clip(smooth + rng.normal(0, 12, smooth.shape), 0, 160)


def _overlaps(box: np.ndarray, others: Sequence[np.ndarray]) -> bool:
    """Whether ``box`` covers over a tenth of itself or of another box."""
    for other in others:
        low, high = np.maximum(box[:2], other[:2]), np.minimum(
            box[2:], other[2:])
        common = np.prod(np.clip(high - low, 0, None))
        areas = [np.prod(b[2:] - b[:2]) for b in (box, other)]
        if common > 0.1 * min(areas):
            return True
    return False


def make_scene(digits: Dict[int, np.ndarray],
               labels: Sequence[int],
               size: int,
               rng: np.random.Generator) -> Tuple[np.ndarray, List[dict]]:
    """Compose one scene.

    Args:
        digits: The 8x8 images of each digit, values in 0-1.
        labels: The digits to place, in the order of placing. One for which
            no free place is found in 20 tries is left out.
        size: Side of the square scene in pixels.
        rng: Source of every choice.

    Returns:
        The image, uint8 of shape (size, size, 3), and for each placed digit
        a dict with ``label``, ``bbox`` (x, y, w, h) and ``mask``, a bool
        array of shape (size, size).
    """
    import cv2
    image = _background(size, rng)
    objects: List[dict] = []
    boxes: List[np.ndarray] = []
    for label in labels:
        pick = digits[label][rng.integers(len(digits[label]))]
        for _ in range(20):
            side = int(rng.integers(24, 49))
            x, y = rng.integers(0, size - side + 1, 2)
            large = cv2.resize(pick.astype(np.float32), (side, side),
                               interpolation=cv2.INTER_CUBIC)
            ink = np.clip(large, 0, 1)
            ys, xs = np.nonzero(ink > 0.35)
            box = np.array(
                [x + xs.min(), y + ys.min(), x + xs.max() + 1,
                 y + ys.max() + 1])
            if not _overlaps(box, boxes):
                break
        else:
            continue
        colour = rng.uniform(170, 255, 3)
        window = image[y:y + side, x:x + side]
        window += ink[..., None] * (colour - window)
        mask = np.zeros((size, size), bool)
        mask[y:y + side, x:x + side] = ink > 0.35
        boxes.append(box)
        objects.append(
            dict(label=int(label), mask=mask,
                 bbox=[int(v) for v in (*box[:2], *(box[2:] - box[:2]))]))
    return image.round().astype(np.uint8), objects


def _write_scenes(writer: SceneWriter, digits: Dict[int, np.ndarray],
                  labels: Sequence[int], count: int, size: int,
                  rng: np.random.Generator,
                  told: Sequence[int] = ()) -> None:
    """Write the scenes of one set, two to five digits in each.

    With ``told`` each has one of these at least, and annotations of these
    alone.
    """
    for _ in range(count):
        wanted = rng.choice(labels, int(rng.integers(2, 6))).tolist()
        if told:
            wanted[0] = rng.choice(told)
        picture, objects = make_scene(digits, wanted, size, rng)
        writer.add(picture, [each for each in objects
                             if not told or each['label'] in told])
    writer.finish()


def _write_singles(folder: Path, digits: Dict[int, np.ndarray],
                   labels: Sequence[int], count: int, size: int,
                   rng: np.random.Generator) -> None:
    """Write images of one digit each, each digit as often, and their list."""
    lines = []
    for index in range(count):
        label = labels[index % len(labels)]
        name = f'{CLASSES[label]}/{index:05d}.png'
        picture, _ = make_scene(digits, [label], size, rng)
        write_png(folder / name, picture)
        lines.append(f'{name} {label}\n')
    write_file(folder.with_suffix('.txt'), ''.join(lines).encode())


def make_digit_scenes(root: Path, seed: int = 0, base: int = 2000,
                      learn: int = 500, val: int = 300,
                      size: int = 128) -> None:
    """Write the digit scenes below ``root``.

    A set depends on the seed, its size and nothing else, and a file
    ``scenes.json`` written last records both, so that an interrupted run is
    noticed. Files that are there already stay untouched.

    Args:
        root: The folder to write to; made where it is missing.
        seed: Seed of every random choice.
        base: Number of scenes with the digits 0-7, and of single digits.
        learn: Number of scenes with the digits 8 and 9, and of single digits;
            and of scenes with all ten of which 8 and 9 alone are labelled.
        val: Number of scenes with all ten digits, and of single digits.
        size: Side of the square scenes in pixels, at least 64. Single digits
            take half of it, at least 48.

    Raises:
        ValueError: If ``size`` is below 64 or a set would be empty.
    """
    recipe = dict(seed=seed, base=base, learn=learn, val=val, size=size)
    if size < 64 or min(base, learn, val) < 1:
        raise ValueError(
            f'size must be at least 64 and every set have a scene, got '
            f'{recipe}')
    recipe['files'] = _FILES
    root = Path(root)
    stamp = root / 'scenes.json'
    if stamp.exists() and json.loads(stamp.read_text()) == recipe:
        return
    stamp.unlink(missing_ok=True)
    every = range(len(CLASSES))
    for offset, (name, labels, count) in enumerate((
            ('base', every[:NUM_BASE], base),
            ('learn', every[NUM_BASE:], learn), ('val', every, val))):
        digits = _written_digits(name == 'val')
        _write_scenes(
            SceneWriter(root, name, CLASSES, labels), digits, labels, count,
            size, np.random.default_rng((seed, offset)))
        # With numbers of their own: the scenes stay what they were before
        # there were single digits.
        _write_singles(root / 'single' / name, digits, labels, count,
                       max(size // 2, 48),
                       np.random.default_rng((seed, offset, 1)))
    new = every[NUM_BASE:]
    _write_scenes(
        SceneWriter(root, 'mixed', CLASSES, new), _written_digits(False),
        every, learn, size, np.random.default_rng((seed, 3)), new)
    write_file(stamp, json.dumps(recipe).encode())
