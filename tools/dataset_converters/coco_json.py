"""Boxes of the converters as COCO files."""
import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Iterable, NamedTuple, Optional, Sequence, Tuple

from common import whole
from PIL import Image

_ORIENTATION = 0x0112  # EXIF tag; 5-8 lie on their side.


class Box(NamedTuple):
    """One object.

    Attributes:
        label: Index of its class.
        corners: Left, top, right and bottom edge in pixels from the image's
            top left corner: the whole image is (0, 0, width, height).
        crowd: Whether it is to be ignored, in training and in scoring.
        mask: Its mask, run-length encoded; None for none.
    """
    label: int
    corners: Tuple[float, float, float, float]
    crowd: bool = False
    mask: Optional[Dict[str, Any]] = None


@lru_cache(maxsize=None)
def image_size(path: Path) -> Tuple[int, int]:
    """Width and height as mmcv loads the image, EXIF orientation applied."""
    with Image.open(path) as image:
        width, height = image.size
        lies = image.getexif().get(_ORIENTATION, 1) >= 5
    return (height, width) if lies else (width, height)


def write_coco(path: Path, root: Path, classes: Sequence[str],
               images: Iterable[Tuple[str, Sequence[Box]]]) -> None:
    """Write a COCO file, ids counted from 1 in the order given.

    Boxes are clipped to their image. One of which less than a pixel is left
    in width or height is left out, as mmdet would skip it silently.

    Args:
        path: The json to write.
        root: The data root.
        classes: Class names in label order.
        images: Path, relative to the data root, and boxes of each image.
    """
    coco: Dict[str, list] = dict(
        categories=[
            dict(id=label + 1, name=name) for label, name in enumerate(classes)
        ],
        images=[],
        annotations=[])
    left_out = []
    for file_name, boxes in images:
        size = image_size(root / file_name)
        image_id = len(coco['images']) + 1
        coco['images'].append(
            dict(
                id=image_id,
                file_name=file_name,
                width=size[0],
                height=size[1]))
        for box in boxes:
            annotation = _annotation(box, size)
            if annotation is None:
                left_out.append(f'{file_name} {box.corners}')
                continue
            ann_id = len(coco['annotations']) + 1
            coco['annotations'].append(
                dict(id=ann_id, image_id=image_id, **annotation))
    with whole(path) as part:
        part.write_text(json.dumps(coco), encoding='utf-8')
    print(f'{path}: {len(coco["images"])} images, '
          f'{len(coco["annotations"])} boxes, {len(classes)} classes')
    for line in left_out:
        print(f'  left out, smaller than a pixel: {line}')


def _annotation(box: Box, size: Tuple[int, int]) -> Optional[Dict[str, Any]]:
    """A box as COCO has it, clipped; None if nothing is left of it."""
    left, top, right, bottom = (
        min(max(value, 0), size[axis % 2])
        for axis, value in enumerate(box.corners))
    width, height = right - left, bottom - top
    if width < 1 or height < 1:
        return None
    annotation: Dict[str, Any] = dict(
        category_id=box.label + 1,
        bbox=[_number(v) for v in (left, top, width, height)],
        area=_number(width * height),
        iscrowd=int(box.crowd))
    if box.mask is not None:
        annotation.update(
            area=box.mask['area'],
            segmentation=dict(
                size=box.mask['size'], counts=box.mask['counts']))
    return annotation


def _number(value: float) -> float:
    return int(value) if value == int(value) else round(value, 2)
