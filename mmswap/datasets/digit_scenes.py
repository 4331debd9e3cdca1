"""Small scenes of real handwritten digits, made on the spot.

The demo, the tests and the digit benchmarks need a data set that no download
stands in front of. scikit-learn carries the UCI handwritten digits (1,797
images of 8x8 pixels); here they are enlarged, tinted and composed on coloured
noise, with boxes, masks and semantic maps.

Scenes come in three sets, so that a swap has the data that a user would have:

* ``base``: digits 0-7, what the base model was trained on;
* ``learn``: digits 8 and 9, the new classes;
* ``val``: all ten digits together, written by other hands than the two above.
"""
import json
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

import numpy as np

CLASSES: Tuple[str, ...] = ('zero', 'one', 'two', 'three', 'four', 'five',
                            'six', 'seven', 'eight', 'nine')
NUM_BASE = 8
# What the two-digit ``forget`` split of the shipped configs names.
FORGET: Tuple[str, ...] = ('three', 'five')

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


def _write_set(root: Path, name: str, labels: Sequence[int], count: int,
               validation: bool, size: int, rng: np.random.Generator) -> None:
    """Write one set: pictures, semantic maps and one COCO json."""
    import cv2
    from pycocotools import mask as coco_mask
    for folder in ('images', 'semantic'):
        (root / folder / name).mkdir(parents=True, exist_ok=True)
    (root / 'annotations').mkdir(exist_ok=True)
    digits = _written_digits(validation)
    images: List[dict] = []
    annotations: List[dict] = []
    for index in range(count):
        wanted = rng.choice(labels, int(rng.integers(2, 6))).tolist()
        picture, objects = make_scene(digits, wanted, size, rng)
        semantic = np.full((size, size), 255, np.uint8)
        file_name = f'{index:05d}.png'
        for obj in objects:
            semantic[obj['mask']] = obj['label']
            code = coco_mask.encode(np.asfortranarray(obj['mask']))
            annotations.append(
                dict(id=len(annotations) + 1, image_id=index + 1,
                     category_id=obj['label'] + 1, bbox=obj['bbox'],
                     area=int(obj['mask'].sum()), iscrowd=0,
                     segmentation=dict(size=code['size'],
                                       counts=code['counts'].decode())))
        images.append(
            dict(id=index + 1, file_name=file_name, width=size, height=size))
        cv2.imwrite(str(root / 'images' / name / file_name), picture)
        cv2.imwrite(str(root / 'semantic' / name / file_name), semantic)
    categories = [dict(id=label + 1, name=CLASSES[label]) for label in labels]
    text = json.dumps(dict(images=images, annotations=annotations,
                           categories=categories))
    (root / 'annotations' / f'{name}.json').write_text(text)


def make_digit_scenes(root: Path, seed: int = 0, base: int = 2000,
                      learn: int = 500, val: int = 300,
                      size: int = 128) -> None:
    """Write the digit scenes below ``root``.

    The layout is COCO's: ``images/<set>/*.png``, ``annotations/<set>.json``,
    and ``semantic/<set>/*.png`` with 255 where no digit is. A set depends on
    the seed, its size and nothing else, and a file ``scenes.json`` written
    last records both, so that an interrupted run is noticed.

    Args:
        root: The folder to write to; made where it is missing.
        seed: Seed of every random choice.
        base: Number of scenes with the digits 0-7.
        learn: Number of scenes with the digits 8 and 9.
        val: Number of scenes with all ten digits.
        size: Side of the square scenes in pixels, at least 64.

    Raises:
        ValueError: If ``size`` is below 64 or a set would be empty.
    """
    recipe = dict(seed=seed, base=base, learn=learn, val=val, size=size)
    if size < 64 or min(base, learn, val) < 1:
        raise ValueError(
            f'size must be at least 64 and every set have a scene, got '
            f'{recipe}')
    root = Path(root)
    stamp = root / 'scenes.json'
    if stamp.exists() and json.loads(stamp.read_text()) == recipe:
        return
    stamp.unlink(missing_ok=True)
    every = range(len(CLASSES))
    for offset, (name, labels, count) in enumerate((
            ('base', every[:NUM_BASE], base),
            ('learn', every[NUM_BASE:], learn), ('val', every, val))):
        rng = np.random.default_rng((seed, offset))
        _write_set(root, name, labels, count, name == 'val', size, rng)
    stamp.write_text(json.dumps(recipe))
