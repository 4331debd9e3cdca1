"""Write lists and COCO files for CUB-200-2011 (birds)."""
from pathlib import Path
from typing import Any, Dict, Iterable, List

import numpy as np
from coco_json import Box, write_coco
from common import (
    make_parser,
    parse_args,
    read_lines,
    require,
    stop,
    write_lists,
)
from PIL import Image
from pycocotools import mask as coco_mask

HINT = ('ROOT must be the unpacked CUB_200_2011 folder, with images/ and the '
        'five lists beside it')
LISTS = ('images.txt', 'image_class_labels.txt', 'bounding_boxes.txt',
         'train_test_split.txt', 'classes.txt')


def read_table(path: Path, ids: Iterable[str] = (),
               fields: int = 1) -> Dict[str, List[str]]:
    """Read a list whose lines are an id and what belongs to it.

    Args:
        path: The list.
        ids: Ids that must be in it.
        fields: How many fields follow the id.
    """
    rows = [line.split() for line in read_lines(path)]
    wrong = [row for row in rows if len(row) != 1 + fields]
    if wrong:
        stop(f'{path} must have lines of {1 + fields} fields, got '
             f'"{" ".join(wrong[0])}"')
    table = {row[0]: row[1:] for row in rows}
    missing = [i for i in ids if i not in table]
    if missing:
        stop(f'{path} must have a line for each id that the other lists '
             f'name, but lacks {len(missing)}, the first being {missing[0]}')
    return table


def read_mask(path: Path) -> Dict[str, Any]:
    """A segmentation, run-length encoded.

    Its grey values tell how many of the annotators saw the bird there; the
    mask is where at least half of them did.
    """
    with Image.open(path) as image:
        bird = np.asarray(image.convert('L')) >= 128
    code = coco_mask.encode(np.asfortranarray(bird, dtype=np.uint8))
    return dict(
        size=code['size'],
        counts=code['counts'].decode(),
        area=int(bird.sum()))


def main() -> None:
    parser = make_parser(__doc__, HINT)
    parser.add_argument(
        '--masks',
        type=Path,
        metavar='SEGMENTATIONS',
        help='the segmentations folder (an archive of its own), to add masks '
        'to the COCO files')
    args = parse_args(parser)
    root = args.root
    require(root, ('images', *LISTS), HINT)
    paths = {i: row[0] for i, row in read_table(root / LISTS[0]).items()}
    labels = read_table(root / LISTS[1], paths)
    boxes = read_table(root / LISTS[2], paths, fields=4)
    splits = read_table(root / LISTS[3], paths)
    names = read_table(root / LISTS[4], (labels[i][0] for i in paths))
    # '001.Black_footed_Albatross'
    classes = [row[0].partition('.')[2] for row in names.values()]
    label_of = {class_id: label for label, class_id in enumerate(names)}
    require(root / 'images', paths.values(), HINT)
    masks = {i: Path(path).with_suffix('.png') for i, path in paths.items()}
    if args.masks:
        require(args.masks, map(str, masks.values()),
                '--masks must be the unpacked segmentations folder')
    lists = {}
    for split, flag in (('train', '1'), ('val', '0')):
        chosen = [i for i in paths if splits[i] == [flag]]
        lists[split] = [(f'images/{paths[i]}', label_of[labels[i][0]])
                        for i in chosen]
        images = []
        for i, (path, label) in zip(chosen, lists[split]):
            x, y, width, height = map(float, boxes[i])
            mask = read_mask(args.masks / masks[i]) if args.masks else None
            images.append((path, [
                Box(label, (x, y, x + width, y + height), mask=mask)
            ]))
        write_coco(args.out / f'{split}.json', root, classes, images)
    write_lists(args.out, classes, lists)


if __name__ == '__main__':
    main()
