"""Split semantic maps into the steps of class-incremental segmentation.

The base model is trained on the images that base.txt lists, with the maps as
they are: mmseg's data sets leave out classes that they are not asked for. For
the step that adds the others, learn/ has maps in which only these are
labelled, and images/ links to their images. In the maps 0 is no class, as
reduce_zero_label has it, and classes are numbered from 1. No image is in both
steps: one that shows classes of both goes to one of them, drawn by the seed.
With --recurring it is in both.
"""
import argparse
import os
from pathlib import Path

import numpy as np
from class_incremental import add_step_arguments, part_images
from common import IGNORED, stop, write_lines, write_map
from PIL import Image


def main() -> None:
    """Write the files that the command line asks for."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('images', type=Path, help='folder of the images')
    parser.add_argument('maps', type=Path, help='folder of their maps, *.png')
    parser.add_argument('out', type=Path, help='folder to write to')
    add_step_arguments(parser)
    args = parser.parse_args()
    paths = {path.stem: path for path in sorted(args.images.glob('*.jpg'))}
    if not paths:
        stop(f'IMAGES must be a folder with *.jpg, got none in {args.images}')
    shown = {}
    for stem in paths:
        path = args.maps / f'{stem}.png'
        if not path.is_file():
            stop(f'MAPS must have a map for each image, got none for {path}')
        labels = np.unique(np.array(Image.open(path)))
        shown[stem] = {int(i) for i in labels} - {0, IGNORED}
    top = max(map(max, filter(None, shown.values())), default=0)
    if not 0 < args.base < top:
        stop(f'--base must lie between 1 and {top - 1}, as the maps show the '
             f'classes 1 to {top}, got {args.base}')
    base, learn = part_images(
        {stem for stem, labels in shown.items()
         if any(i <= args.base for i in labels)},
        {stem for stem, labels in shown.items()
         if any(i > args.base for i in labels)}, args.recurring, args.seed)
    write_lines(args.out / 'base.txt', sorted(base))
    (args.out / 'images').mkdir(parents=True, exist_ok=True)
    for stem in sorted(learn):
        labels = np.array(Image.open(args.maps / f'{stem}.png'))
        write_map(args.out / 'learn' / f'{stem}.png',
                  np.where(labels > args.base, labels, 0).astype(np.uint8))
        link = args.out / 'images' / paths[stem].name
        if not link.is_symlink():
            link.symlink_to(os.path.relpath(paths[stem], link.parent))
    print(f'{args.out}: {len(base)} images for the base model, {len(learn)} '
          'for the step')


if __name__ == '__main__':
    main()
