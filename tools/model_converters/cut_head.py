"""Cut the head of an image classifier down to some of its classes.

What comes out is a base model of those classes, in the order of their list.
"""
import argparse
import sys
from pathlib import Path
from typing import Dict, List

import torch
from torch import Tensor

from mmswap.apis.checkpoint import read_checkpoint
from mmswap.apis.commands.command import add_trust


def read_names(path: Path) -> List[str]:
    """The lines of a file, or the sorted folders in a folder."""
    if path.is_dir():
        names = sorted(sub.name for sub in path.iterdir() if sub.is_dir())
    elif path.is_file():
        lines = path.read_text(encoding='utf-8').splitlines()
        names = [line.strip() for line in lines if line.strip()]
    else:
        sys.exit(f'{path} must be a text file with one class a line, or a '
                 'folder with one folder a class, but there is neither')
    if len(set(names)) < len(names):
        sys.exit(f'{path} must name each class once, got {len(names)} lines '
                 f'with {len(set(names))} names')
    return names


def cut(state: Dict[str, Tensor], keep: List[str],
        classes: List[str]) -> Dict[str, Tensor]:
    """Select the rows of some classes in the head of a classifier.

    Args:
        state: State dict of an ``ImageClassifier`` of mmpretrain. All tensors
            under ``head`` that have one row a class are cut.
        keep: The classes to keep, in their new order.
        classes: All classes, in label order.
    """
    unknown = [name for name in keep if name not in classes]
    if unknown:
        sys.exit(f'all classes to keep must be classes of the model, but '
                 f'{len(unknown)} are not, the first being {unknown[0]}')
    rows = [key for key, value in state.items()
            if key.startswith('head.') and value.ndim
            and len(value) == len(classes)]
    if not rows:
        shapes = {key: tuple(value.shape) for key, value in state.items()
                  if key.startswith('head.')}
        sys.exit(f'the head must have a row for each of the {len(classes)} '
                 f'classes, got {shapes}')
    index = torch.tensor([classes.index(name) for name in keep])
    return {**state, **{key: state[key][index] for key in rows}}


def main() -> None:
    """Write the checkpoint that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('checkpoint', help='checkpoint of the classifier')
    parser.add_argument(
        'keep', type=Path, help='text file: the classes to keep, one a line')
    parser.add_argument(
        'classes',
        type=Path,
        help='all classes of the model in label order: a text file, or a '
        'folder with one folder a class, such as train/ of ImageNet')
    parser.add_argument('out', type=Path, help='checkpoint to write, *.pth')
    add_trust(parser)
    args = parser.parse_args()
    keep, classes = read_names(args.keep), read_names(args.classes)
    checkpoint = read_checkpoint(args.checkpoint, args.trust)
    state = cut(checkpoint['state_dict'], keep, classes)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(state_dict=state, meta={}), args.out)
    print(f'{args.out}: {len(keep)} of {len(classes)} classes')


if __name__ == '__main__':
    main()
