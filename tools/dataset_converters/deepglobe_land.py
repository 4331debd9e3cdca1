"""Write label maps and a split for the DeepGlobe land cover images.

Of the published folders train/, valid/ and test/ only train/ has masks, so
the images to validate on are drawn from it.
"""
from pathlib import Path
from typing import Tuple

import numpy as np
from common import (
    IGNORED,
    add_split_arguments,
    make_parser,
    parse_args,
    require,
    split_items,
    stop,
    write_lines,
    write_map,
)
from PIL import Image

HINT = ('ROOT must hold train/ with the files <id>_sat.jpg and '
        '<id>_mask.png')
# Published as 'water', which ADE20K has too, as what is seen on the ground.
COLOURS = dict(
    urban_land=(0, 255, 255),
    agriculture_land=(255, 255, 0),
    rangeland=(255, 0, 255),
    forest_land=(0, 255, 0),
    satellite_water=(0, 0, 255),
    barren_land=(255, 255, 255))
UNKNOWN = (0, 0, 0)
_BITS = np.array([4, 2, 1], np.uint8)


def _code(colour: Tuple[int, int, int]) -> int:
    """Number, 0-7, of a colour whose channels are 0 or 255."""
    return int(np.dot(np.array(colour) >= 128, _BITS))


_CODES = [_code(colour) for colour in COLOURS.values()]
_LABELS = np.full(8, IGNORED, np.uint8)
_LABELS[_CODES] = range(len(_CODES))
_NAMELESS = np.ones(8, bool)
_NAMELESS[[*_CODES, _code(UNKNOWN)]] = False


def label_map(path: Path) -> Tuple[np.ndarray, int]:
    """The label map of a mask.

    A channel counts as 255 from 128 on: the masks' values are not all pure.

    Args:
        path: The mask, an RGB image.

    Returns:
        The labels, uint8 of shape (height, width), unknown land ignored; and
        how many pixels have a colour that stands for nothing. They are
        ignored too.
    """
    with Image.open(path) as image:
        bright = np.asarray(image.convert('RGB')) >= 128
    codes = bright.astype(np.uint8) @ _BITS
    return _LABELS[codes], int(_NAMELESS[codes].sum())


def main() -> None:
    parser = make_parser(__doc__, HINT)
    add_split_arguments(parser)
    args = parse_args(parser)
    root = args.root
    require(root, ['train'], HINT)
    ids = sorted(
        path.name[:-len('_sat.jpg')] for path in root.glob('train/*_sat.jpg'))
    if not ids:
        stop(f'{root}/train must hold files <id>_sat.jpg, got none')
    require(root / 'train', [f'{i}_mask.png' for i in ids], HINT)
    for i in ids:
        labels, nameless = label_map(root / 'train' / f'{i}_mask.png')
        write_map(args.out / 'semantic' / f'{i}.png', labels)
        if nameless:
            print(f'{i}_mask.png: {nameless} pixels of a colour that is no '
                  'class, ignored')
    print(f'{args.out / "semantic"}: {len(ids)} label maps')
    write_lines(args.out / 'classes.txt', list(COLOURS))
    for split, chosen in zip(('train', 'val'),
                             split_items(ids, args.val_share, args.seed)):
        write_lines(args.out / f'{split}.txt', chosen)
        print(f'{args.out / split}.txt: {len(chosen)} images')


if __name__ == '__main__':
    main()
