"""Write lists for a hundred (or any number of) classes of ImageNet-1k."""
import argparse
import re
from pathlib import Path
from typing import Dict, List, Sequence, Tuple

from common import (
    make_parser,
    parse_args,
    read_folders,
    read_lines,
    require,
    shuffled,
    stop,
    write_lists,
)

HINT = ('ROOT must hold train/ and val/ of ImageNet, train/ with one folder '
        'n######## a class')
NUM_IMAGENET = 1000


def choose_classes(args: argparse.Namespace,
                   found: Sequence[str]) -> List[str]:
    """The classes that the command line asks for."""
    if args.wnids is None:
        if not 0 < args.num <= len(found):
            stop(f'--num must lie between 1 and {len(found)}, the number of '
                 f'classes in {args.root / "train"}, got {args.num}')
        return sorted(shuffled(found, args.seed)[:args.num])
    if not args.wnids.is_file():
        stop(f'--wnids must be a text file, but there is no {args.wnids}')
    wnids = [line.split()[0] for line in read_lines(args.wnids)]
    if not wnids or len(set(wnids)) < len(wnids):
        stop(f'{args.wnids} must name each class once, got {len(wnids)} '
             f'lines with {len(set(wnids))} names')
    require(args.root / 'train', wnids, f'They stand in {args.wnids}')
    return wnids


def read_val_list(path: Path, wnids: Sequence[str]) -> Dict[str, List[str]]:
    """The validation images of each class, for a val/ folder without any.

    Args:
        path: A list with lines "image wnid" or "image label", separated by
            blanks or a comma, more columns being passed over: mmpretrain's
            meta/val.txt or Kaggle's LOC_val_solution.csv.
        wnids: All classes in train/, sorted.
    """
    if not path.is_file():
        stop(f'--val-list must be a text file, but there is no {path}')
    files: Dict[str, List[str]] = {}
    for line in read_lines(path):
        fields = re.split(r'[,\s]+', line)
        if fields[0] == 'ImageId':
            continue
        if len(fields) < 2:
            stop(f'{path} must have lines "image label" or "image wnid", got '
                 f'"{line}"')
        name, wnid = fields[:2]
        if wnid.isdigit():
            wnid = _wnid_of_label(path, int(wnid), wnids)
        files.setdefault(wnid, []).append(
            name if Path(name).suffix else f'{name}.JPEG')
    return {wnid: sorted(names) for wnid, names in files.items()}


def _wnid_of_label(path: Path, label: int, wnids: Sequence[str]) -> str:
    if len(wnids) != NUM_IMAGENET or label >= NUM_IMAGENET:
        stop(f'{path} has labels, which count the {NUM_IMAGENET} classes of '
             f'ImageNet in order, but train/ has {len(wnids)} and the label '
             f'is {label}: give a list with wnids')
    return wnids[label]


def val_samples(args: argparse.Namespace, classes: Sequence[str],
                found: Sequence[str]) -> List[Tuple[str, int]]:
    """Image path and label of the images to validate on."""
    val = args.root / 'val'
    if args.val_list is None:
        files = read_folders(val)
        prefix = {wnid: f'val/{wnid}' for wnid in classes}
        hint = 'or, if its images lie in val/ itself, give --val-list'
    else:
        files = read_val_list(args.val_list, found)
        prefix = {wnid: 'val' for wnid in classes}
        hint = f'or complete {args.val_list}'
    missing = [wnid for wnid in classes if not files.get(wnid)]
    if missing:
        stop(f'{val} must have images of every class, but there are none of '
             f'{len(missing)}, the first being {missing[0]}: add them, '
             f'{hint}')
    samples = [(f'{prefix[wnid]}/{file}', label)
               for label, wnid in enumerate(classes) for file in files[wnid]]
    require(args.root, [path for path, _ in samples], HINT)
    return samples


def main() -> None:
    parser = make_parser(__doc__, HINT)
    parser.add_argument(
        '--wnids',
        type=Path,
        help='text file with one class n######## a line, which gives the '
        'labels their order (default: classes are drawn, in sorted order)')
    parser.add_argument(
        '--num', type=int, default=100, help='how many to draw')
    parser.add_argument(
        '--seed', type=int, default=0, help='seed of the draw')
    parser.add_argument(
        '--val-list',
        type=Path,
        help='which class the images of val/ have, where val/ has no class '
        'folders: lines "image wnid" or "image label"')
    args = parse_args(parser)
    require(args.root, ['train', 'val'], HINT)
    files = read_folders(args.root / 'train')
    classes = choose_classes(args, list(files))
    empty = [wnid for wnid in classes if wnid not in files]
    if empty:
        stop(f'{args.root / "train" / empty[0]} must hold images, got none')
    train = [(f'train/{wnid}/{file}', label)
             for label, wnid in enumerate(classes) for file in files[wnid]]
    write_lists(args.out, classes,
                dict(train=train, val=val_samples(args, classes, list(files))))


if __name__ == '__main__':
    main()
