"""Files of the digit scenes, in the layouts that the task libraries read."""
import json
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

import numpy as np

BACKGROUND = 'background'

_VOID = 255


def write_file(path: Path, content: bytes) -> None:
    """Write a file, but leave one alone that has this content.

    A training may be reading the files of a folder that is completed.

    Args:
        path: The file. Its folder is made where it is missing.
        content: What it is to hold.
    """
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Write a PNG.

    Args:
        path: The file.
        pixels: uint8 of shape (h, w), or (h, w, 3) in the order BGR.
    """
    import cv2
    write_file(path, cv2.imencode('.png', pixels)[1].tobytes())


class SceneWriter:
    """Writes one set of scenes: pictures, maps and COCO annotations.

    Args:
        root: Folder of all sets.
        name: Name of the set.
        classes: The names of all ten digits.
        labels: The digits that occur in the set.
    """

    def __init__(self, root: Path, name: str, classes: Sequence[str],
                 labels: Sequence[int]) -> None:
        self.root = root
        self.name = name
        self._categories = [
            dict(id=label + 1, name=classes[label]) for label in labels
        ]
        self._background_id = len(classes) + 1
        self._images: List[dict] = []
        self._instances: List[dict] = []
        self._panoptic: List[dict] = []

    def add(self, picture: np.ndarray,
            objects: Sequence[Mapping[str, Any]]) -> None:
        """Write a picture and its maps, and note its annotations.

        Args:
            picture: uint8 of shape (h, w, 3) in the order BGR.
            objects: For each digit ``label``, ``bbox`` (x, y, w, h) and
                ``mask``, a bool array of shape (h, w). Where two overlap,
                maps show the later one.
        """
        height, width = picture.shape[:2]
        number = len(self._images) + 1
        file_name = f'{number - 1:05d}.png'
        self._images.append(
            dict(id=number, file_name=file_name, width=width, height=height))
        semantic = np.full((height, width), _VOID, np.uint8)
        # 1, 2, ... for the digits, then the background.
        segment_ids = np.full((height, width), len(objects) + 1, np.uint8)
        for index, obj in enumerate(objects):
            semantic[obj['mask']] = obj['label']
            segment_ids[obj['mask']] = index + 1
            self._instances.append(self._instance(obj, number))
        categories = [obj['label'] + 1 for obj in objects]
        self._panoptic.append(
            dict(image_id=number, file_name=file_name,
                 segments_info=_segments(
                     segment_ids, [*categories, self._background_id])))
        # Segment ids are written as colours, the lowest byte as red.
        coloured = np.zeros((height, width, 3), np.uint8)
        coloured[..., 2] = segment_ids
        # The background comes before the digits: 255 + 1 is 0 in a byte.
        with_background = semantic + np.uint8(1)
        for folder, pixels in (('images', picture), ('semantic', semantic),
                               ('semantic_bg', with_background),
                               ('panoptic', coloured)):
            write_png(self.root / folder / self.name / file_name, pixels)

    def finish(self) -> None:
        """Write the annotations of all scenes."""
        folder = self.root / 'annotations'
        instances = dict(images=self._images, annotations=self._instances,
                         categories=self._categories)
        write_file(folder / f'{self.name}.json',
                   json.dumps(instances).encode())
        categories = [dict(**c, isthing=1) for c in self._categories]
        categories.append(
            dict(id=self._background_id, name=BACKGROUND, isthing=0))
        panoptic = dict(images=self._images, annotations=self._panoptic,
                        categories=categories)
        write_file(folder / f'panoptic_{self.name}.json',
                   json.dumps(panoptic).encode())

    def _instance(self, obj: Mapping[str, Any],
                  image_id: int) -> Dict[str, Any]:
        """COCO's annotation of a digit, its mask whole."""
        from pycocotools import mask as coco_mask
        code = coco_mask.encode(np.asfortranarray(obj['mask']))
        return dict(
            id=len(self._instances) + 1, image_id=image_id,
            category_id=obj['label'] + 1, bbox=obj['bbox'],
            area=int(obj['mask'].sum()), iscrowd=0,
            segmentation=dict(size=code['size'],
                              counts=code['counts'].decode()))


def _segments(segment_ids: np.ndarray,
              categories: Sequence[int]) -> List[dict]:
    """COCO's panoptic annotations of the segments that are to be seen.

    Args:
        segment_ids: The id of each pixel's segment, 1, 2, ...
        categories: The category of each of these ids.
    """
    segments = []
    for index, category in enumerate(categories):
        ys, xs = np.nonzero(segment_ids == index + 1)
        if not len(xs):
            continue
        corner = int(xs.min()), int(ys.min())
        segments.append(
            dict(id=index + 1, category_id=category, iscrowd=0, area=len(xs),
                 bbox=[*corner, int(xs.max()) + 1 - corner[0],
                       int(ys.max()) + 1 - corner[1]]))
    return segments
