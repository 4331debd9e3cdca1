"""Write COCO panoptic files of ADE20K.

ADE20K tells stuff in its semantic maps and things in those of instances,
annotations_instance/, which are an archive of its own: red is the number of
the thing among all things, green that of the instance. Instances are put on
stuff. Classes have the names of mmseg's ADE20KDataset and, as id, their number
in ADE20K; things come before stuff, as labels of panoptic models do.
"""
import json
from pathlib import Path
from typing import Any, Dict, List, Sequence, Tuple

import numpy as np
from coco_to_panoptic import write_ids
from common import make_parser, parse_args, require, stop, whole
from mmengine.config import Config
from PIL import Image

CLASSES = Path(__file__).parents[2] / 'configs/_base_/classes'
SPLITS = ('training', 'validation')
Segment = Dict[str, Any]


def read_categories() -> List[Dict[str, Any]]:
    """The categories, things first."""
    cfg = Config.fromfile(str(CLASSES / 'ade20k_panoptic.py'))
    return [dict(id=cfg.base_classes.index(name) + 1, name=name,
                 isthing=int(name in cfg.things))
            for name in (*cfg.things, *cfg.stuff)]


def read_segments(semantic: np.ndarray, instances: np.ndarray,
                  things: Sequence[int]) -> Tuple[np.ndarray, List[Segment]]:
    """The segments of an image.

    Args:
        semantic: The number of each pixel's class, 0 for none, (h, w).
        instances: Of each pixel the number of the thing among the things, and
            of the instance, 0 for none, (h, w, at least 2).
        things: The class numbers of the things.

    Returns:
        The id of each pixel's segment, 0 for none, (h, w), and the segments.
    """
    ids = np.where(np.isin(semantic, things), 0, semantic).astype(np.int64)
    classes = {int(i): int(i) for i in np.unique(ids) if i}
    # Behind the numbers of classes, which are a byte.
    for number in np.unique(instances[..., 1]):
        mask = instances[..., 1] == number
        if number:
            segment = 255 + int(number)
            ids[mask] = segment
            classes[segment] = things[int(instances[..., 0][mask][0]) - 1]
    segments = []
    for segment, category in classes.items():
        rows, columns = np.nonzero(ids == segment)
        if len(rows):
            left, top = int(columns.min()), int(rows.min())
            segments.append(dict(
                id=segment, category_id=category, iscrowd=0, area=len(rows),
                bbox=[left, top, int(columns.max()) - left + 1,
                      int(rows.max()) - top + 1]))
    return ids, segments


def convert(root: Path, out: Path, split: str) -> None:
    """Write the files of a split.

    Args:
        root: Folder of ADE20K.
        out: Folder to write to.
        split: Name of its folders.
    """
    categories = read_categories()
    things = sorted(c['id'] for c in categories if c['isthing'])
    images, annotations = [], []
    for path in sorted((root / 'images' / split).glob('*.jpg')):
        name = f'{path.stem}.png'
        semantic = np.array(Image.open(root / 'annotations' / split / name))
        instances = np.array(
            Image.open(root / 'annotations_instance' / split / name))
        if instances.shape[:2] != semantic.shape or instances.ndim != 3:
            stop(f'annotations_instance/{split}/{name} must be a coloured map '
                 f'of the shape {semantic.shape}, got {instances.shape}')
        ids, segments = read_segments(semantic, instances, things)
        write_ids(out / f'panoptic_{split}' / name, ids)
        images.append(dict(id=path.stem, file_name=path.name,
                           height=ids.shape[0], width=ids.shape[1]))
        annotations.append(dict(image_id=path.stem, file_name=name,
                                segments_info=segments))
    with whole(out / f'panoptic_{split}.json') as file:
        file.write_text(json.dumps(dict(
            images=images, annotations=annotations,
            categories=categories)), encoding='utf-8')
    print(f'{out}/panoptic_{split}.json: {len(images)} images, '
          f'{sum(len(a["segments_info"]) for a in annotations)} segments')


def main() -> None:
    """Write the files that the command line asks for."""
    args = parse_args(make_parser(__doc__, 'folder ADEChallengeData2016'))
    folders = ('images', 'annotations', 'annotations_instance')
    require(args.root, [f'{folder}/{split}' for folder in folders
                        for split in SPLITS],
            'annotations_instance is an archive of its own')
    for split in SPLITS:
        require(args.root, [
            f'{folder}/{split}/{path.stem}.png' for folder in folders[1:]
            for path in sorted((args.root / 'images' / split).glob('*.jpg'))
        ], 'each image needs both maps')
        convert(args.root, args.out, split)


if __name__ == '__main__':
    main()
