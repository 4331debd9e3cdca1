"""Write COCO panoptic files from a COCO file whose objects have masks.

Every object becomes a thing's segment and everything else is void, so that a
panoptic model can learn things from data that tell nothing about stuff.
"""
import argparse
import json
from pathlib import Path
from typing import Any, Dict, List, Tuple

import numpy as np
from common import stop, whole
from PIL import Image
from pycocotools import mask as coco_mask

_MAX_ID = 256**3  # Ids are written as colours.


def read_mask(annotation: Dict[str, Any], image: Dict[str, Any]) -> np.ndarray:
    """The mask of an object, bool of shape (height, width).

    Args:
        annotation: The object, its mask as polygons or run-length encoded.
        image: The entry of its image.
    """
    given = annotation.get('segmentation')
    if not given:
        stop(f'all objects must have masks, but {annotation["id"]} of '
             f'{image["file_name"]} has none; cub.py writes them with --masks')
    if isinstance(given, list):
        given = coco_mask.merge(
            coco_mask.frPyObjects(given, image['height'], image['width']))
    elif isinstance(given['counts'], list):
        given = coco_mask.frPyObjects(given, *given['size'])
    return coco_mask.decode(given).astype(bool)


def draw(image: Dict[str, Any],
         objects: List[Dict[str, Any]]) -> Tuple[np.ndarray, List[dict]]:
    """The segments of an image.

    Where objects overlap the smaller one is in front. One of which nothing is
    seen is left out.

    Args:
        image: The entry of the image.
        objects: Its annotations.

    Returns:
        The id of the segment of each pixel, int of shape (height, width), 0
        for none, and the entries of the segments.
    """
    ids = np.zeros((image['height'], image['width']), np.int64)
    masks = [(read_mask(each, image), each) for each in objects]
    for mask, each in sorted(masks, key=lambda pair: -pair[0].sum()):
        ids[mask] = each['id']
    segments = []
    for _, each in masks:
        rows, columns = np.nonzero(ids == each['id'])
        if not len(rows):
            continue
        left, top = int(columns.min()), int(rows.min())
        segments.append(
            dict(
                id=each['id'],
                category_id=each['category_id'],
                area=len(rows),
                bbox=[
                    left, top,
                    int(columns.max()) - left + 1,
                    int(rows.max()) - top + 1
                ],
                iscrowd=each.get('iscrowd', 0)))
    return ids, segments


def write_ids(path: Path, ids: np.ndarray) -> None:
    """Write segment ids as the colours of a PNG."""
    colours = np.stack([ids // 256**k % 256 for k in range(3)], axis=-1)
    with whole(path) as part:
        Image.fromarray(colours.astype(np.uint8)).save(part, format='PNG')


def main() -> None:
    """Write the files that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'ann_file', type=Path, help='COCO json, such as mmswap/train.json')
    path = parser.parse_args().ann_file
    if not path.is_file():
        stop(f'{path} must be a COCO json, but there is no such file')
    coco = json.loads(path.read_text(encoding='utf-8'))
    out = path.with_name(f'panoptic_{path.stem}')
    objects: Dict[int, List[Dict[str, Any]]] = {}
    for each in coco['annotations']:
        if not 0 < each['id'] < _MAX_ID:
            stop(f'ids of objects in {path} must lie between 1 and '
                 f'{_MAX_ID - 1}, got {each["id"]}')
        objects.setdefault(each['image_id'], []).append(each)
    annotations = []
    for image in coco['images']:
        ids, segments = draw(image, objects.get(image['id'], []))
        # mmdet looks for the name with .jpg turned into .png.
        name = image['file_name'].replace('.jpg', '.png')
        write_ids(out / name, ids)
        annotations.append(
            dict(image_id=image['id'], file_name=name,
                 segments_info=segments))
    panoptic = dict(
        images=coco['images'],
        annotations=annotations,
        categories=[dict(each, isthing=1) for each in coco['categories']])
    with whole(out.with_suffix('.json')) as part:
        part.write_text(json.dumps(panoptic), encoding='utf-8')
    print(f'{out}.json: {len(annotations)} images, '
          f'{sum(len(a["segments_info"]) for a in annotations)} segments')


if __name__ == '__main__':
    main()
