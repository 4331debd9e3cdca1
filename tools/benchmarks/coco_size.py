"""Time and memory of a phase's training data over a file as large as COCO's.

The annotation file is made up, 118,000 images with 860,000 boxes and polygons
by default, and no image is read. Each row is built in a process of its own;
seconds are those that it had, memory is what it took beyond its imports, at
the most and in the end. With mmdet's CocoDataset and Python 3.11, the phases
took 1.07 to 1.09 times the seconds of the plain data set, 29, and its memory.
"""
import argparse
import json
import multiprocessing
import random
import resource
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple

import psutil

IMAGES, BOXES, NEW_IMAGES = 118_000, 860_000, 2_000
WIDTH, HEIGHT = 640, 480
CORNERS = 12  # of a polygon
CLASSES = [f'class {number}' for number in range(80)]
TABLE = dict(base=CLASSES, learn=['new'], forget=CLASSES[3:4])
MB = 2**20
# Beside the plain data set, by name: arguments of a SwapDataset.
PHASES: Dict[str, Dict[str, Any]] = {
    'learn': dict(phase='learn'),
    'forget': dict(phase='forget'),
    'forget, shown as background': dict(
        phase='forget', forgotten='background'),
}


class Cost(NamedTuple):
    """What it took to build a data set.

    Attributes:
        seconds: CPU time.
        peak: Bytes at the most.
        kept: Bytes in the end.
        images: Its length.
    """

    seconds: float
    peak: int
    kept: int
    images: int


def make_file(path: Path, images: int, boxes: int, names: List[str]) -> None:
    """Write a COCO json of boxes that are spread evenly at random."""
    draw = random.Random(0)
    annotations = []
    for number in range(1, boxes + 1):
        width, height = draw.randint(8, 200), draw.randint(8, 200)
        x, y = draw.uniform(0, WIDTH - width), draw.uniform(0, HEIGHT - height)
        polygon = [round(start + draw.random() * side, 2)
                   for _ in range(CORNERS)
                   for start, side in ((x, width), (y, height))]
        annotations.append(dict(
            id=number, image_id=draw.randint(1, images), iscrowd=0,
            category_id=draw.randint(1, len(names)), area=width * height,
            bbox=[round(x, 2), round(y, 2), width, height],
            segmentation=[polygon]))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(dict(
        images=[dict(id=number, file_name=f'{number:012d}.jpg', width=WIDTH,
                     height=HEIGHT) for number in range(1, images + 1)],
        annotations=annotations,
        categories=[dict(id=number, name=name)
                    for number, name in enumerate(names, 1)])))


def data_config(folder: Path, phase: str) -> Dict[str, Any]:
    """The plain data set, or that of a phase."""
    plain = dict(
        type='mmdet.CocoDataset', data_root=str(folder), ann_file='old.json',
        data_prefix=dict(img='images/'), pipeline=[],
        metainfo=dict(classes=CLASSES),
        filter_cfg=dict(filter_empty_gt=True, min_size=32))
    if phase not in PHASES:
        return plain
    return dict(type='mmswap.SwapDataset', classes=TABLE, old=plain,
                new=dict(ann_file='new.json'), **PHASES[phase])


def measure(cfg: Dict[str, Any]) -> Cost:
    """Build a data set in this process."""
    from mmdet.utils import register_all_modules
    from mmengine.registry import DATASETS

    import mmswap  # noqa: F401
    register_all_modules(init_default_scope=False)
    process = psutil.Process()
    before, started = process.memory_info().rss, time.process_time()
    dataset = DATASETS.build(cfg)
    seconds = time.process_time() - started
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return Cost(seconds, peak - before, process.memory_info().rss - before,
                len(dataset))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('folder', type=Path, help='for the files, 0.5 GB')
    parser.add_argument('--images', type=int, default=IMAGES)
    parser.add_argument('--boxes', type=int, default=BOXES)
    parser.add_argument('--new-images', type=int, default=NEW_IMAGES)
    args = parser.parse_args()
    old, new = args.folder / 'old.json', args.folder / 'new.json'
    if not old.is_file():
        make_file(old, args.images, args.boxes, CLASSES)
        make_file(new, args.new_images, 2 * args.new_images, ['new'])
    print('| data set | images | CPU s | of plain | peak MB | of plain '
          '| kept MB |\n| --- | --- | --- | --- | --- | --- | --- |')
    plain = None
    for name in ('plain', *PHASES):
        with multiprocessing.get_context('spawn').Pool(1) as pool:
            cost = pool.apply(measure, (data_config(args.folder, name), ))
        plain = plain or cost
        print(f'| {name} | {cost.images:,} | {cost.seconds:.1f} '
              f'| {cost.seconds / plain.seconds:.2f} '
              f'| {cost.peak / MB:,.0f} | {cost.peak / plain.peak:.2f} '
              f'| {cost.kept / MB:,.0f} |', flush=True)


if __name__ == '__main__':
    main()
