"""Images made of the base model itself: ``synthesize``."""
import argparse
from typing import List

from mmswap.apis.commands.command import (
    Command,
    add_base_model,
    add_sheet_images,
    add_trust,
)
from mmswap.apis.synthesis import SynthesisSettings, Synthesized, synthesize

_DEFAULT = SynthesisSettings()


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add_base_model(parser)
    add('--images', required=True, metavar='DIR',
        help='folder of the new images (default: none, it is needed)')
    add('--ann', required=True, metavar='FILE',
        help='the new objects in them, a COCO json: half of the objects that '
        'are synthesized are what the base model takes these for (default: '
        'none, it is needed)')
    add('--out', required=True, metavar='FILE',
        help='the COCO json to write; the images go into the folder of that '
        'name beside it (default: none, it is needed)')
    add('--number', type=int, default=_DEFAULT.number, metavar='N',
        help='how many images (default: %(default)s)')
    add('--size', type=int, metavar='PIXELS',
        help='height and width of an image, a multiple of 32 (default: the '
        'shorter side of what the model is shown)')
    add('--steps', type=int, default=_DEFAULT.steps, metavar='N',
        help='steps at half the size; a quarter as many follow at the whole '
        'size (default: %(default)s)')
    add('--batch-size', type=int, default=_DEFAULT.batch_size, metavar='N',
        help='images that are optimized together (default: %(default)s)')
    add('--seed', type=int, default=_DEFAULT.seed, metavar='N',
        help='of all that is drawn at random (default: %(default)s)')
    add_sheet_images(parser, _DEFAULT.sheet_images)
    add_trust(parser)


def _run(args: argparse.Namespace) -> None:
    settings = SynthesisSettings(
        args.number, args.size, args.steps, args.batch_size, args.seed,
        args.sheet_images)
    try:
        made = synthesize(args.config, args.checkpoint, args.images, args.ann,
                          args.out, settings, args.trust)
    except (OSError, ValueError) as error:
        raise SystemExit(f'mmswap synthesize: {error}') from error
    print('\n'.join(_told(made)))


def _told(made: Synthesized) -> List[str]:
    """A line for each class that is shown."""
    width = max(map(len, [*made.shown, 'class']))
    lines = [f'{"class":{width}}  objects  found by the base model']
    for name, count in sorted(made.shown.items(), key=lambda item: -item[1]):
        lines.append(f'{name:{width}}  {count:7}  {made.found[name]:7}')
    lines.append(f'{made.images} images: {made.out}')
    if made.sheet is not None:
        lines.append(f'Look at them: {made.sheet}')
    return lines


SYNTHESIZE = Command(
    'make images of the old classes out of the base model',
    _add_arguments,
    _run,
    about='Where there is no old image, and no other that nobody has '
    'labelled, the base model can make some: images are optimized until it '
    'finds objects of its classes in them, and until its BatchNorm layers '
    'see what they were used to. mmswap init takes the json for old images '
    '(--old). For detectors of boxes with BatchNorm. A small one takes a core '
    'of a CPU ten seconds an image. A contact sheet is drawn: look at it. To '
    'invert a model is a known attack on its training data: keep the images '
    'as you keep the model.',
    examples='mmswap synthesize site.py work_dirs/site/epoch_12.pth '
    '--images data/site/images --ann data/site/learn.json '
    '--out data/site/synthesized.json\n'
    'mmswap synthesize site.py work_dirs/site/epoch_12.pth '
    '--images data/site/images --ann data/site/learn.json '
    '--out data/site/few.json --number 8 --size 416')
