"""Split a COCO file into the steps of class-incremental learning.

The base model is trained on base.json, which has the classes of the file with
the lowest ids; learn.json has the others, for a step that adds them. In each
only its own classes are labelled. No image is in both: one that shows classes
of both steps goes to one of them, drawn by the seed. With --recurring it is in
both, as most papers have it, which flatters pseudo-labels: the base model has
been trained on them. The file may be a panoptic one: the maps stay as they
are, and what is not listed is void.
"""
import argparse
import json
from pathlib import Path
from typing import Any, Dict, List, Set, Tuple

from common import shuffled, stop, whole

Coco = Dict[str, Any]


def part_images(base: Set[Any], learn: Set[Any], recurring: bool,
                seed: int) -> Tuple[Set[Any], Set[Any]]:
    """Give each image to a step.

    Args:
        base: The images that show classes of the base model.
        learn: Those that show others.
        recurring: Whether an image may be in both steps.
        seed: Seed of the draw.

    Returns:
        The images of the base model and those of the other step.
    """
    if recurring:
        return base, learn
    both = shuffled(sorted(base & learn), seed)
    half = len(both) // 2
    return base - set(both[:half]), learn - set(both[half:])


def split_classes(content: Coco, num_base: int, recurring: bool,
                  seed: int) -> List[Coco]:
    """Part the classes, and the images, of a COCO file.

    Args:
        content: What is in the file.
        num_base: How many classes the base model has, those with the lowest
            ids.
        recurring: Whether an image may be in both steps.
        seed: Seed of the draw.

    Returns:
        The base model's part and the other one. Images without an object are
        in neither.
    """
    ids = sorted(c['id'] for c in content['categories'])
    steps = [set(ids[:num_base]), set(ids[num_base:])]
    parts = [[part for a in content['annotations']
              for part in _restricted(a, step)] for step in steps]
    shown = part_images(*({a['image_id'] for a in part} for part in parts),
                        recurring, seed)
    return [
        dict(
            content,
            categories=[c for c in content['categories'] if c['id'] in step],
            images=[i for i in content['images'] if i['id'] in images],
            annotations=[a for a in part if a['image_id'] in images])
        for step, images, part in zip(steps, shown, parts)
    ]


def _restricted(annotation: Coco, step: Set[Any]) -> List[Coco]:
    """What of an annotation is labelled in a step; none if nothing is."""
    if 'segments_info' not in annotation:
        return [annotation] if annotation['category_id'] in step else []
    segments = [s for s in annotation['segments_info']
                if s['category_id'] in step]
    return [dict(annotation, segments_info=segments)] if segments else []


def add_step_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say which classes and images a step has."""
    parser.add_argument(
        '--base', type=int, required=True, metavar='N',
        help='number of classes of the base model')
    parser.add_argument(
        '--recurring', action='store_true',
        help='let images be in both steps')
    parser.add_argument(
        '--seed', type=int, default=0, help='seed of the draw (default: 0)')


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('json', type=Path, help='COCO file of all classes')
    parser.add_argument('out', type=Path, help='folder to write to')
    add_step_arguments(parser)
    args = parser.parse_args()
    if not args.json.is_file():
        stop(f'JSON must be a COCO file, got {args.json}, where there is none')
    content = json.loads(args.json.read_text(encoding='utf-8'))
    count = len(content['categories'])
    if not 0 < args.base < count:
        stop(f'--base must lie between 1 and {count - 1}, as {args.json} has '
             f'{count} classes, got {args.base}')
    args.out.mkdir(parents=True, exist_ok=True)
    for name, part in zip(('base', 'learn'), split_classes(
            content, args.base, args.recurring, args.seed)):
        with whole(args.out / f'{name}.json') as file:
            file.write_text(json.dumps(part), encoding='utf-8')
        print(f'{args.out / name}.json: {len(part["images"])} images, '
              f'{len(part["annotations"])} objects, '
              f'{len(part["categories"])} classes')


if __name__ == '__main__':
    main()
