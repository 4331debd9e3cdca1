"""Labels of old classes in new images: ``pseudo-label``."""
import argparse
from pathlib import Path
from typing import List

from mmswap.apis.commands.command import (
    Command,
    add_base_model,
    add_sheet_images,
    add_trust,
)
from mmswap.apis.pseudo import PseudoLabels, PseudoSettings, pseudo_label

_DEFAULT = PseudoSettings()


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add_base_model(parser)
    add('--images', required=True, metavar='DIR',
        help='folder of the images (default: none, it is needed)')
    add('--ann', metavar='PATH',
        help='what is labelled in them: a COCO json, of panoptic models a '
        'panoptic one, or for mmseg a folder of maps (default: nothing is, '
        'and all images below DIR are labelled)')
    add('--out', required=True, metavar='PATH',
        help='what to write, those labels and the model\'s: a COCO json, of '
        'panoptic models with a folder of maps of that name beside it, for '
        'mmseg a folder of maps, for mmpretrain a folder with a folder of '
        'links for each class (default: none, it is needed)')
    add('--score', type=float, metavar='X',
        help='score from which on a prediction counts (default: for each '
        'class the one with the best F1 on the images that CONFIG validates '
        'on; where they are not there 0.4, and 0.5 for images)')
    add('--uncertain', type=float, default=_DEFAULT.uncertain, metavar='X',
        help='part of that score from which on it is uncertain and marked as '
        'ignored, iscrowd; 1 marks none (default: %(default)s)')
    add('--overlap', type=float, default=_DEFAULT.overlap, metavar='IOU',
        help='leave out what overlaps what is labelled by this much, of '
        'whatever class (default: %(default)s)')
    add('--showing', nargs='+', default=[], metavar='NAME',
        help='keep the images that show one of these classes for certain: '
        'images to forget them on (default: keep all images)')
    add('--unlabelled', nargs='+', default=[], metavar='NAME',
        help="classes of a person's map, such as background, whose pixels may "
        'be something else (default: all that is labelled stays)')
    add('--val-images', type=int, default=_DEFAULT.val_images, metavar='N',
        help='choose the scores on this many labelled images, at most '
        '(default: %(default)s)')
    add_sheet_images(parser, _DEFAULT.sheet_images)
    add('--maps', type=Path, metavar='DIR',
        help='for panoptic models: folder of the maps that --ann lists '
        '(default: the one beside it that has its name)')
    add_trust(parser)


def _run(args: argparse.Namespace) -> None:
    settings = PseudoSettings(
        args.score, args.uncertain, args.overlap, tuple(args.showing),
        tuple(args.unlabelled), args.val_images, args.sheet_images,
        args.maps)
    try:
        labels = pseudo_label(args.config, args.checkpoint, args.images,
                              args.out, args.ann, settings, args.trust)
    except (OSError, ValueError) as error:
        raise SystemExit(f'mmswap pseudo-label: {error}') from error
    print('\n'.join(_told(labels)))


def _told(labels: PseudoLabels) -> List[str]:
    """A line for each class that was found."""
    width = max(map(len, [*labels.classes, 'class']))
    lines = [f'{"class":{width}}  score  objects  ignored']
    for name, score in zip(labels.classes, labels.thresholds.scores):
        counts = labels.certain.get(name, 0), labels.uncertain.get(name, 0)
        if any(counts):
            lines.append(f'{name:{width}}  {score:5.2f}  {counts[0]:7}  '
                         f'{counts[1]:7}')
    chosen = int((labels.thresholds.objects > 0).sum())
    lines.append(
        f'Scores chosen on labelled images for {chosen} of '
        f'{len(labels.classes)} classes; the others have one together.')
    lines.append(f'{labels.images} images: {labels.out}')
    if labels.sheet is not None:
        lines.append(f'Look at them: {labels.sheet}')
    return lines


PSEUDO_LABEL = Command(
    'let the base model label its classes in new images',
    _add_arguments,
    _run,
    about='New images usually show old classes too, unlabelled, and a model '
    'that learns from them unlearns what they show. Let the base model label '
    'those: boxes, and masks where it has them, added to the labels of the '
    'new classes. What it is not sure of is marked as ignored, and what '
    'overlaps a label is left out. With --showing it finds images to forget '
    'a class on among unlabelled ones. A contact sheet is drawn: look at it. '
    'For models of mmdet, panoptic ones too, of mmseg and of mmpretrain.',
    examples='mmswap pseudo-label site.py work_dirs/site/epoch_12.pth '
    '--images data/site/images --ann data/site/learn.json '
    '--out data/site/learn_all.json\n'
    'mmswap pseudo-label site.py work_dirs/site/epoch_12.pth '
    '--images incoming --showing face --out data/site/faces.json')
