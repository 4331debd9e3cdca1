"""Write COCO files for a data set in Pascal VOC layout."""
import argparse
from collections import Counter
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple

from coco_json import Box, image_size, write_coco
from common import (
    IMAGE_SUFFIXES,
    check_names,
    make_parser,
    parse_args,
    read_lines,
    require,
    stop,
    write_lines,
)
from voc_files import VocFile, VocObject, read_voc

HINT = ('ROOT must hold the folders Annotations/ (one xml an image) and '
        'JPEGImages/; --annotations and --images give other names')
ANNOTATIONS = ('annotations', 'xmls')
IMAGES = ('jpegimages', 'images')


def find_folder(root: Path, given: Optional[str],
                names: Sequence[str]) -> Path:
    """A folder of ``root``: the given one, or one of these lower-case names.
    """
    if given is not None:
        require(root, [given], HINT)
        return root / given
    require(root, [], HINT)
    folders = sorted(path for path in root.iterdir() if path.is_dir())
    found = [path for path in folders if path.name.lower() in names]
    if found:
        return found[0]
    deeper = [
        path for path in folders
        if any(sub.name.lower() in names for sub in path.iterdir())
    ]
    hint = f'{HINT}. Is {deeper[0]} meant?' if deeper else HINT
    stop(f'{root} lacks {names[0].capitalize()}/. {hint}')


def strip_suffix(name: str) -> str:
    """The name without the suffix of an image; other dots stay."""
    path = Path(name)
    return path.stem if path.suffix.lower() in IMAGE_SUFFIXES else path.name


def read_splits(root: Path, names: List[str],
                val_every: Optional[int]) -> Dict[str, List[str]]:
    """The image names of each split.

    Args:
        root: The data root.
        names: All images that have an annotation, sorted.
        val_every: N to validate on every N-th of them; None to take the
            lists in ImageSets/Main, or all in one where there are none.
    """
    if val_every is not None:
        if not 1 < val_every <= len(names):
            stop(f'--val-every must lie between 2 and {len(names)}, the '
                 f'number of annotations, got {val_every}')
        val = names[val_every - 1::val_every]
        return dict(train=[n for n in names if n not in set(val)], val=val)
    splits = {}
    for path in sorted(root.glob('ImageSets/Main/*.txt')):
        lines = read_lines(path)
        # VOC's lists of one class, 'aeroplane_val', have a second column.
        if lines and not any(len(line.split()) > 1 for line in lines):
            splits[path.stem] = [strip_suffix(line) for line in lines]
            unknown = sorted(set(splits[path.stem]) - set(names))
            if unknown:
                stop(f'{path} names {len(unknown)} images without an '
                     f'annotation, the first being {unknown[0]}')
    return splits or dict(all=names)


def find_images(root: Path, folder: Path,
                files: Dict[str, VocFile]) -> Dict[str, str]:
    """Path, relative to the data root, of the image of each annotation.

    It has the annotation's name or, failing that, the name that stands in it.
    """
    there = {
        strip_suffix(path.name): path.relative_to(root).as_posix()
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in IMAGE_SUFFIXES
    }
    images = {
        name: there.get(name, there.get(strip_suffix(file.filename), ''))
        for name, file in files.items()
    }
    missing = [name for name, image in images.items() if not image]
    if missing:
        stop(f'{folder} must have an image for each annotation, but lacks '
             f'{len(missing)} of {len(images)}, the first being '
             f'{missing[0]}')
    return images


def edges(obj: VocObject, zero_based: bool,
          where: str) -> Tuple[float, float, float, float]:
    """The edges of an object's box.

    VOC counts pixels from 1 and includes the last one, so that an object as
    large as its image has (1, 1, width, height).
    """
    left, top, right, bottom = obj.corners
    if zero_based:
        return obj.corners
    if min(left, top) < 1:
        stop(f'{where} has an object at {obj.corners}, but Pascal VOC counts '
             f'pixels from 1: give --zero-based if these files count from 0')
    return left - 1, top - 1, right, bottom


def report_sizes(root: Path, images: Dict[str, str],
                 files: Dict[str, VocFile]) -> None:
    """Print which annotations were made on an image of another size."""
    for name, file in files.items():
        size = image_size(root / images[name])
        if all(file.size) and file.size != size:
            print(f'{name}.xml speaks of an image of {file.size} pixels, '
                  f'{images[name]} has {size}: its boxes may be misplaced')


def boxes_of(name: str, file: VocFile, classes: Sequence[str],
             zero_based: bool) -> List[Box]:
    """The boxes of an annotation, difficult ones as crowd.

    Objects of other classes are left out, and those without an extent.
    """
    boxes = []
    for obj in file.objects:
        xmin, ymin, xmax, ymax = obj.corners
        if xmax <= xmin or ymax <= ymin:
            print(f'{name}.xml: left out a {obj.name} without extent, '
                  f'{obj.corners}')
        elif obj.name in classes:
            corners = edges(obj, zero_based, f'{name}.xml')
            boxes.append(
                Box(classes.index(obj.name), corners, obj.difficult))
    return boxes


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__, HINT)
    parser.add_argument('--annotations', help='folder of the xml files')
    parser.add_argument('--images', help='folder of the images')
    parser.add_argument(
        '--classes',
        nargs='+',
        help='classes to keep, in label order (default: all that occur, '
        'sorted)')
    parser.add_argument(
        '--val-every',
        type=int,
        metavar='N',
        help='validate on every N-th image of the sorted list instead of '
        'taking the lists in ImageSets/Main')
    parser.add_argument(
        '--zero-based',
        action='store_true',
        help='take the coordinates as they stand, counted from 0, with xmax '
        'and ymax outside the object')
    return parse_args(parser)


def main() -> None:
    args = parse()
    root = args.root
    folder = find_folder(root, args.annotations, ANNOTATIONS)
    image_folder = find_folder(root, args.images, IMAGES)
    files = {
        path.stem: read_voc(path) for path in sorted(folder.glob('*.xml'))
    }
    if not files:
        stop(f'{folder} must hold *.xml files, got none')
    splits = read_splits(root, list(files), args.val_every)
    occurring = sorted({o.name for f in files.values() for o in f.objects})
    classes = args.classes or occurring
    check_names('--classes', classes, occurring, str(folder))
    images = find_images(root, image_folder, files)
    report_sizes(root, images, files)
    boxes = {
        name: boxes_of(name, file, classes, args.zero_based)
        for name, file in files.items()
    }
    write_lines(args.out / 'classes.txt', classes)
    for split, names in splits.items():
        write_coco(args.out / f'{split}.json', root, classes,
                   [(images[name], boxes[name]) for name in names])
        counts = Counter(box.label for name in names for box in boxes[name])
        print('  ' + ', '.join(f'{name} {counts[label]}'
                               for label, name in enumerate(classes)))


if __name__ == '__main__':
    main()
