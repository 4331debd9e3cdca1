"""Small data sets of the experiments, in the layouts of their authors.

Names of files and classes are the real ones, as far as configs name them; the
images are grey. Converters are run on them as the docs tell.
"""
import io
import json
import runpy
import sys
from pathlib import Path
from typing import Any, Dict, List, Sequence
from unittest import mock

import numpy as np
from PIL import Image

CONVERTERS = Path(__file__).parents[1] / 'tools' / 'dataset_converters'
WIDTH, HEIGHT = 64, 48
BOX = (8, 6, 40, 30)  # left, top, width, height of every object


def convert(name: str, *args: str) -> None:
    """Run a converter as its command line does."""
    with mock.patch.object(sys, 'argv', [name, *args]), mock.patch.object(
            sys, 'path', [str(CONVERTERS), *sys.path]):
        runpy.run_path(str(CONVERTERS / f'{name}.py'), run_name='__main__')


def _encode(pixels: np.ndarray, kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format=kind)
    return buffer.getvalue()


_JPEG = _encode(np.full((HEIGHT, WIDTH, 3), 90, np.uint8), 'JPEG')


def write(path: Path, content: Any = _JPEG) -> None:
    """Write bytes, lines of text or, as PNG, an array."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, np.ndarray):
        content = _encode(content.astype(np.uint8), 'PNG')
    if isinstance(content, list):
        content = '\n'.join([*content, '']).encode()
    path.write_bytes(content)


def in_box(inside: Any, outside: Any) -> np.ndarray:
    """A map of one value in the box and another around it."""
    pixels = np.broadcast_to(
        np.array(outside), (HEIGHT, WIDTH, *np.shape(outside))).copy()
    left, top, width, height = BOX
    pixels[top:top + height, left:left + width] = inside
    return pixels


def make_cub(root: Path, names: Sequence[str]) -> None:
    """Two birds a class, one to train and one to validate on."""
    lists: Dict[str, List[str]] = {
        key: []
        for key in ('images', 'image_class_labels', 'bounding_boxes',
                    'train_test_split', 'classes')
    }
    for label, name in enumerate(names, 1):
        folder = f'{label:03d}.{name}'
        lists['classes'].append(f'{label} {folder}')
        for flag in (1, 0):
            number = 2 * label - flag
            stem = f'{folder}/{name}_{number:04d}'
            write(root / 'CUB_200_2011/images' / f'{stem}.jpg')
            write(root / 'segmentations' / f'{stem}.png', in_box(255, 0))
            lists['images'].append(f'{number} {stem}.jpg')
            lists['image_class_labels'].append(f'{number} {label}')
            lists['bounding_boxes'].append(
                f'{number} {" ".join(map(str, BOX))}')
            lists['train_test_split'].append(f'{number} {flag}')
    for key, lines in lists.items():
        write(root / 'CUB_200_2011' / f'{key}.txt', lines)
    convert('cub', str(root / 'CUB_200_2011'), '--masks',
            str(root / 'segmentations'))
    for split in ('train', 'val'):
        convert('coco_to_panoptic',
                str(root / f'CUB_200_2011/mmswap/{split}.json'))


def make_dogs(root: Path, names: Sequence[str]) -> None:
    """Two dogs a breed, one to train and one to validate on."""
    from scipy.io import savemat
    left, top, width, height = BOX
    for i, split in enumerate(('train', 'test')):
        files, labels = [], []
        for label, name in enumerate(names, 1):
            stem = f'n{label:08d}-{name}/n{label:08d}_{i}'
            write(root / f'Images/{stem}.jpg')
            write(root / f'Annotation/{stem}', [
                f'<annotation><size><width>{WIDTH}</width><height>{HEIGHT}'
                f'</height></size><object><name>{name}</name><bndbox><xmin>'
                f'{left}</xmin><ymin>{top}</ymin><xmax>{left + width}</xmax>'
                f'<ymax>{top + height}</ymax></bndbox></object></annotation>'
            ])
            files.append([f'{stem}.jpg'])
            labels.append([label])
        savemat(
            str(root / f'{split}_list.mat'),
            dict(file_list=np.array(files, dtype=object), labels=labels))
    convert('stanford_dogs', str(root))


def make_pets(root: Path, names: Sequence[str]) -> None:
    """Two pets a breed, with trimaps."""
    for i, split in enumerate(('trainval', 'test')):
        lines = []
        for label, name in enumerate(names, 1):
            write(root / f'images/{name}_{i}.jpg')
            write(root / f'annotations/trimaps/{name}_{i}.png', in_box(1, 2))
            lines.append(f'{name}_{i} {label} 1 1')
        write(root / f'annotations/{split}.txt', lines)
    convert('oxford_pets', str(root))


def make_folders(root: Path, names: Sequence[str], folder: str = '.') -> None:
    """Five images a class, of which one is drawn to validate on."""
    for name in names:
        for i in range(5):
            write(root / folder / name / f'{i}.jpg')
    convert('image_folders', str(root), '--folder', folder)


def make_imagenet(root: Path, wnids: Sequence[str]) -> None:
    """Two images a class, one to train and one to validate on."""
    for wnid in wnids:
        for split in ('train', 'val'):
            write(root / f'{split}/{wnid}/{wnid}_1.JPEG')
    convert('imagenet100', str(root), '--num', '100', '--seed', '0')


def make_land(root: Path) -> None:
    """Five images of all land, of which one is drawn to validate on."""
    colours = np.array([[0, 255, 255], [255, 255, 0], [255, 0, 255],
                        [0, 255, 0], [0, 0, 255], [255, 255, 255]])
    mask = np.repeat(colours[None], HEIGHT, 0).repeat(WIDTH // 6 + 1, 1)
    for i in range(5):
        write(root / f'train/{i}_sat.jpg')
        write(root / f'train/{i}_mask.png', mask[:, :WIDTH])
    convert('deepglobe_land', str(root))


def make_ade20k(root: Path, names: Sequence[str]) -> None:
    """An image a class, counted from 1 in the maps."""
    for split in ('training', 'validation'):
        for label in range(1, len(names) + 1):
            stem = f'ADE_{split}_{label:08d}'
            write(root / f'images/{split}/{stem}.jpg')
            write(root / f'annotations/{split}/{stem}.png', in_box(label, 0))


def make_voc(root: Path, labels: Sequence[int]) -> None:
    """An image a class, on the background 0."""
    for split in ('train', 'val'):
        for label in labels:
            write(root / f'JPEGImages/{split}_{label}.jpg')
            write(root / f'SegmentationClass/{split}_{label}.png',
                  in_box(label, 0))
        write(root / f'ImageSets/Segmentation/{split}.txt',
              [f'{split}_{label}' for label in labels])


def make_coco_stuff(root: Path, labels: Sequence[int]) -> None:
    """An image a class, as mmseg's converter numbers the maps."""
    for split in ('train2017', 'val2017'):
        for label in labels:
            write(root / f'images/{split}/{label:012d}.jpg')
            write(root / f'annotations/{split}/{label:012d}_labelTrainIds.png',
                  in_box(label, 255))


def make_coco(root: Path, things: Sequence[str],
              stuff: Sequence[str]) -> None:
    """An image a class, ids counted from 1 as those of the other sets."""
    left, top, width, height = BOX
    polygon = [left, top, left + width, top, left + width, top + height,
               left, top + height]
    for split in ('train2017', 'val2017'):
        images, objects, panoptic = [], [], []
        for i, name in enumerate((*things, *stuff), 1):
            image = dict(id=i, file_name=f'{i:012d}.jpg', width=WIDTH,
                         height=HEIGHT)
            write(root / split / image['file_name'])
            images.append(image)
            segment = dict(id=i, category_id=i, bbox=list(BOX), iscrowd=0,
                           area=width * height)
            if name in things:
                objects.append(
                    dict(segment, image_id=i, segmentation=[polygon]))
            panoptic.append(
                dict(image_id=i, file_name=f'{i:012d}.png',
                     segments_info=[segment]))
            write(root / f'annotations/panoptic_{split}/{i:012d}.png',
                  in_box([i, 0, 0], [0, 0, 0]))
        categories = [
            dict(id=i, name=name, isthing=int(name in things))
            for i, name in enumerate((*things, *stuff), 1)
        ]
        for kind, annotations, known in (
                ('instances', objects, categories[:len(things)]),
                ('panoptic', panoptic, categories)):
            write(
                root / f'annotations/{kind}_{split}.json',
                json.dumps(
                    dict(images=images, annotations=annotations,
                         categories=known)).encode())
