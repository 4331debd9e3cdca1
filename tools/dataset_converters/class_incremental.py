"""Split a COCO file into the steps of class-incremental detection.

The base model is trained on base.json, which has the first classes of the
file; learn.json has the others, for a step that adds them. In each only its
own classes are labelled. No image is in both: one that shows classes of both
steps goes to one of them, drawn by the seed. With --recurring it is in both,
as most papers have it, which flatters pseudo-labels: the base model has been
trained on them.
"""
import argparse
import json
from pathlib import Path
from typing import Any, Dict, List, Set

from common import shuffled, stop, whole

Coco = Dict[str, Any]


def split_classes(content: Coco, num_base: int, recurring: bool,
                  seed: int) -> List[Coco]:
    """Part the classes, and the images, of a COCO file.

    Args:
        content: What is in the file.
        num_base: How many classes the base model has, the first ones.
        recurring: Whether an image may be in both steps.
        seed: Seed of the draw.

    Returns:
        The base model's part and the other one. Images without an object are
        in neither.
    """
    steps = [content['categories'][:num_base],
             content['categories'][num_base:]]
    ids = [{c['id'] for c in step} for step in steps]
    shown: List[Set[Any]] = [
        {a['image_id'] for a in content['annotations']
         if a['category_id'] in step} for step in ids
    ]
    if not recurring:
        both = shuffled(sorted(shown[0] & shown[1]), seed)
        half = len(both) // 2
        shown = [shown[0] - set(both[:half]), shown[1] - set(both[half:])]
    return [
        dict(
            content,
            categories=step,
            images=[i for i in content['images'] if i['id'] in images],
            annotations=[
                a for a in content['annotations']
                if a['image_id'] in images and a['category_id'] in known
            ]) for step, known, images in zip(steps, ids, shown)
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('json', type=Path, help='COCO file of all classes')
    parser.add_argument('out', type=Path, help='folder to write to')
    parser.add_argument(
        '--base', type=int, required=True, metavar='N',
        help='number of classes of the base model')
    parser.add_argument(
        '--recurring', action='store_true',
        help='let images be in both steps')
    parser.add_argument(
        '--seed', type=int, default=0, help='seed of the draw (default: 0)')
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
