"""What the converters share: layout checks, splits, files written whole.

A converter reads a data set in the layout in which its authors publish it. It
copies no image: it writes lists, COCO files and label maps, in which paths
are relative to the data root, by default to ``<data root>/mmswap``.
"""
import argparse
import difflib
import hashlib
import os
from contextlib import contextmanager
from pathlib import Path
from typing import (
    Dict,
    Iterable,
    Iterator,
    List,
    Mapping,
    NoReturn,
    Sequence,
    Tuple,
)

import numpy as np
from PIL import Image

IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff')
IGNORED = 255


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
    """SeededIndex the items to validate on.

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
