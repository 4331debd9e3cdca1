"""Write lists and label maps for the Oxford-IIIT pets."""
from pathlib import Path
from typing import List, Tuple

import numpy as np
from common import (
    IGNORED,
    make_parser,
    names_by_label,
    parse_args,
    read_lines,
    require,
    stop,
    write_lines,
    write_lists,
    write_map,
)
from PIL import Image

HINT = ('ROOT must hold images/ and annotations/, unpacked from '
        'images.tar.gz and annotations.tar.gz')
LISTS = dict(train='trainval.txt', val='test.txt')
PET, BACKGROUND, BORDER = 1, 2, 3  # values of a trimap


def read_list(path: Path) -> List[Tuple[str, int]]:
    """Image name, without suffix, and label of each image of a split."""
    rows = [
        line.split() for line in read_lines(path) if not line.startswith('#')
    ]
    wrong = [row for row in rows if len(row) != 4 or not row[1].isdigit()]
    if wrong:
        stop(f'{path} must have lines such as "Abyssinian_1 1 1 1", got '
             f'"{" ".join(wrong[0])}"')
    return [(row[0], int(row[1]) - 1) for row in rows]


def label_map(path: Path, pet: int, background: int) -> np.ndarray:
    """The label map of a trimap, uint8 of shape (height, width).

    Args:
        path: The trimap.
        pet: Label of the pet.
        background: Label of the background. The border between the two is
            ignored.
    """
    with Image.open(path) as image:
        trimap = np.asarray(image)
    known = np.isin(trimap, (PET, BACKGROUND, BORDER))
    if trimap.ndim != 2 or not known.all():
        stop(f'{path} must be a trimap of the values 1, 2 and 3, got shape '
             f'{trimap.shape} with {np.unique(trimap).tolist()[:8]}')
    labels = np.full(trimap.shape, IGNORED, np.uint8)
    labels[trimap == PET] = pet
    labels[trimap == BACKGROUND] = background
    return labels


def main() -> None:
    parser = make_parser(__doc__, HINT)
    parser.add_argument(
        '--background',
        action='store_true',
        help='make the background of the label maps a class, the label 0 '
        'before the breeds (default: ignored, 255)')
    args = parse_args(parser)
    root = args.root
    require(root, ['images', 'annotations/trimaps'] +
            [f'annotations/{name}' for name in LISTS.values()], HINT)
    splits = {
        split: read_list(root / 'annotations' / name)
        for split, name in LISTS.items()
    }
    samples = splits['train'] + splits['val']
    # 'Maine_Coon_12' is a picture of a Maine_Coon.
    classes = names_by_label(
        ((name.rpartition('_')[0], label) for name, label in samples),
        f'{root / "annotations"}')
    require(root / 'images', [f'{name}.jpg' for name, _ in samples], HINT)
    require(root / 'annotations/trimaps',
            [f'{name}.png' for name, _ in samples], HINT)
    first, background = (1, 0) if args.background else (0, IGNORED)
    for name, label in samples:
        write_map(
            args.out / 'semantic' / f'{name}.png',
            label_map(root / 'annotations/trimaps' / f'{name}.png',
                      first + label, background))
    print(f'{args.out / "semantic"}: {len(samples)} label maps')
    write_lines(args.out / 'seg_classes.txt',
                ['background', *classes] if args.background else classes)
    for split, rows in splits.items():
        write_lines(args.out / f'seg_{split}.txt', [name for name, _ in rows])
    write_lists(
        args.out, classes, {
            split: [(f'images/{name}.jpg', label) for name, label in rows]
            for split, rows in splits.items()
        })


if __name__ == '__main__':
    main()
