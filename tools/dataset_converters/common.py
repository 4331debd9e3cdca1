"""What the converters share: layout checks, splits, files written whole.

A converter reads a data set in the layout in which its authors publish it. It
copies no image: it writes lists, COCO files and label maps, in which paths
are relative to the data root, by default to ``<data root>/mmswap``.
"""
import argparse
import difflib
import hashlib
import json
import os
import xml.etree.ElementTree as ET
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import (
    Any,
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    NamedTuple,
    NoReturn,
    Optional,
    Sequence,
    Tuple,
)

import numpy as np
from PIL import Image

IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff')
IGNORED = 255
_ORIENTATION = 0x0112  # EXIF tag; 5-8 lie on their side.


def make_parser(description: str, root: str) -> argparse.ArgumentParser:
    """A parser with the arguments of every converter.

    Args:
        description: What the converter does.
        root: What the data root must be.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('root', type=Path, help=root)
    parser.add_argument(
        '--out', type=Path, help='folder to write to (default: ROOT/mmswap)')
    return parser


def add_split_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of a split that is drawn."""
    parser.add_argument(
        '--val-share',
        type=_share,
        default=.2,
        help='share of the images to validate on (default: 0.2)')
    parser.add_argument(
        '--seed', type=int, default=0, help='seed of the split (default: 0)')


def _share(text: str) -> float:
    value = float(text)
    if not 0 < value < 1:
        raise argparse.ArgumentTypeError(
            f'must lie between 0 and 1, got {text}')
    return value


def parse_args(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Read the command line; ``out`` is never None."""
    args = parser.parse_args()
    if args.out is None:
        args.out = args.root / 'mmswap'
    return args


def stop(message: str) -> NoReturn:
    """End the program with a message and the exit status 1."""
    raise SystemExit(message)


def require(root: Path, names: Iterable[str], hint: str) -> None:
    """Stop, naming what is missing, unless all of ``names`` are there.

    Args:
        root: The data root.
        names: Files and folders, relative to it.
        hint: What the data root should be, or where such files come from.
    """
    if not root.is_dir():
        stop(f'{root} must be a folder, but there is none: {hint}')
    names = list(names)
    missing = [name for name in names if not (root / name).exists()]
    if missing:
        more = f' and {len(missing) - 5} more' if len(missing) > 5 else ''
        stop(f'{root} lacks {len(missing)} of {len(names)} files or folders: '
             f'{", ".join(missing[:5])}{more}. {hint}')


def read_lines(path: Path) -> List[str]:
    """The lines of a text file without blank ones."""
    lines = path.read_text(encoding='utf-8').splitlines()
    return [line.strip() for line in lines if line.strip()]


def read_folders(folder: Path) -> Dict[str, List[str]]:
    """The image files of each subfolder, everything sorted by name."""
    found = {
        sub.name: sorted(
            file.name for file in sub.iterdir()
            if file.suffix.lower() in IMAGE_SUFFIXES
            and not file.name.startswith('.'))
        for sub in sorted(folder.iterdir())
        if sub.is_dir() and not sub.name.startswith('.')
    }
    return {name: files for name, files in found.items() if files}


def names_by_label(pairs: Iterable[Tuple[str, int]],
                   where: str) -> List[str]:
    """The class names in label order.

    Args:
        pairs: Class name and label, counted from 0, of every image.
        where: What they were read from, for the message if a label has two
            names, or is passed over.
    """
    names: Dict[int, str] = {}
    for name, label in pairs:
        if names.setdefault(label, name) != name:
            stop(f'{where} must give each class one name, got {names[label]} '
                 f'and {name} for class {label + 1}')
    if sorted(names) != list(range(len(names))):
        stop(f'{where} must number the classes 1, 2, ... without a gap, got '
             f'{[label + 1 for label in sorted(names)]}')
    return [names[label] for label in sorted(names)]


def check_names(argument: str, names: Iterable[str], known: Sequence[str],
                where: str) -> None:
    """Stop, naming what is alike, unless all names are known.

    Args:
        argument: The argument that gave ``names``.
        names: Class names.
        known: The class names that there are.
        where: What they were read from.
    """
    spelling = {name.lower(): name for name in known}
    for name in names:
        if name in known:
            continue
        alike = [
            spelling[low]
            for low in difflib.get_close_matches(name.lower(), spelling)
        ]
        hint = (f'did you mean {" or ".join(map(repr, alike))}?' if alike else
                f'they are {", ".join(map(repr, known[:10]))}'
                f'{", ..." if len(known) > 10 else ""}')
        stop(f'{argument} must name classes of {where}, which has no '
             f'{name!r}: {hint}')


def shuffled(items: Iterable[str], seed: int) -> List[str]:
    """The items in an order that depends on the seed and on them alone."""

    def rank(item: str) -> str:
        return hashlib.sha256(f'{seed} {item}'.encode()).hexdigest()

    return sorted(items, key=rank)


def split_items(items: Sequence[str], val_share: float,
                seed: int) -> Tuple[List[str], List[str]]:
    """Draw the items to validate on.

    Returns:
        The items to train on and those to validate on, each in the order of
        ``items``.
    """
    drawn = set(shuffled(items, seed)[:round(val_share * len(items))])
    return ([item for item in items if item not in drawn],
            [item for item in items if item in drawn])


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A file to write to, which replaces ``path`` only once it is complete."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{path.name}.part')
    try:
        yield part
        os.replace(part, path)
    finally:
        if part.exists():
            part.unlink()


def write_lines(path: Path, lines: Sequence[str]) -> None:
    """Write a text file of these lines."""
    with whole(path) as part:
        part.write_text(
            ''.join(f'{line}\n' for line in lines), encoding='utf-8')


def write_map(path: Path, labels: np.ndarray) -> None:
    """Write a label map, uint8 of shape (height, width), as PNG."""
    with whole(path) as part:
        Image.fromarray(labels).save(part, format='PNG')


def write_lists(out: Path, classes: Sequence[str],
                splits: Mapping[str, Sequence[Tuple[str, int]]]) -> None:
    """Write what mmpretrain's ``CustomDataset`` reads.

    Args:
        out: Folder for ``classes.txt`` and a ``<split>.txt`` for each split.
        classes: Class names in label order.
        splits: Image path, relative to the data root, and label of each
            image of each split.
    """
    write_lines(out / 'classes.txt', classes)
    for name, samples in splits.items():
        write_lines(out / f'{name}.txt',
                    [f'{path} {label}' for path, label in samples])
        print(f'{out / name}.txt: {len(samples)} images, '
              f'{len({label for _, label in samples})} classes')


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


class VocObject(NamedTuple):
    """One ``<object>`` of a Pascal VOC file, its coordinates as they stand.

    Attributes:
        name: Its class.
        corners: xmin, ymin, xmax, ymax.
        difficult: Whether it is flagged so.
    """
    name: str
    corners: Tuple[float, float, float, float]
    difficult: bool


class VocFile(NamedTuple):
    """What is used of a Pascal VOC annotation file.

    Attributes:
        filename: The image that it names, '' for none.
        size: The image's width and height by what it says, (0, 0) if it says
            nothing.
        objects: Its objects.
    """
    filename: str
    size: Tuple[int, int]
    objects: List[VocObject]


def read_voc(path: Path) -> VocFile:
    """Read a Pascal VOC annotation file."""
    try:
        tree = ET.parse(path)
        return VocFile((tree.findtext('filename') or '').strip(), (
            int(tree.findtext('size/width') or 0),
            int(tree.findtext('size/height') or 0)),
                       [_voc_object(node) for node in tree.iter('object')])
    except (ET.ParseError, ValueError) as error:
        stop(f'{path} must be a Pascal VOC annotation: {error}')


def _voc_object(node: ET.Element) -> VocObject:
    texts = {
        tag: (node.findtext(tag) or '').strip()
        for tag in ('name', 'difficult', 'bndbox/xmin', 'bndbox/ymin',
                    'bndbox/xmax', 'bndbox/ymax')
    }
    lacking = [t for t in texts if not texts[t] and t != 'difficult']
    if lacking:
        raise ValueError(f'an object lacks {", ".join(lacking)}')
    left, top, right, bottom = (
        float(text) for tag, text in texts.items() if tag.startswith('bndbox'))
    return VocObject(texts['name'], (left, top, right, bottom),
                     texts['difficult'] not in ('', '0'))
