"""Write COCO files for small public sets of photographs.

Reads, below ROOT, as folders or as the archives that they are unpacked from,

* voc2007_416: photographs of PASCAL VOC 2007's test set, 900 to train on and
  300 to validate on, at 416 px, as COCO files with COCO's class names;
* raccoon: github.com/datitran/raccoon_dataset; every 5th file validates;
* bccd (BCCD/): github.com/Shenggan/BCCD_Dataset, with its lists of files.

Writes two folders, each with links to its images. In raccoon/ train.json and
val.json have VOC's classes, learn.json raccoons, val_all.json both. In cells/
each class of blood cells is once the new one: base_WBC.json has the other two,
learn_WBC.json it alone, on other images, and val_WBC.json all three.
"""
import argparse
import json
import zipfile
from pathlib import Path
from typing import Any, Dict, Iterable, List, Sequence, Tuple

from coco_json import Box, write_coco
from common import read_lines, stop
from voc_files import read_voc

CELLS = ('RBC', 'WBC', 'Platelets')
_VAL_EVERY = 5

Labelled = List[Tuple[str, List[Box]]]


def make_raccoons(root: Path, out: Path) -> None:
    """Write VOC's classes and raccoons.

    Args:
        root: Folder of the public sets.
        out: Folder to write to, if it is not complete yet.
    """
    if (out / 'val_all.json').is_file():
        return
    voc = _unpacked(root, 'voc2007_416', out.parent)
    raccoons = _unpacked(root, 'raccoon', out.parent)
    _link(out, [*(voc / 'images').iterdir(), *(raccoons / 'images').iterdir()])
    old = {name: json.loads((voc / f'annotations/{name}.json').read_text())
           for name in ('train', 'val')}
    names = [c['name'] for c in old['train']['categories']]
    every = [*names, 'raccoon']
    train, val = (_of_coco(content, names) for content in old.values())
    files = sorted((raccoons / 'annotations').glob('*.xml'))
    learn = [f for i, f in enumerate(files) if i % _VAL_EVERY]
    write_coco(out / 'train.json', out, names, train)
    write_coco(out / 'val.json', out, names, val)
    write_coco(out / 'learn.json', out, every, _of_voc(learn, every))
    write_coco(out / 'val_all.json', out, every,
               val + _of_voc(files[::_VAL_EVERY], every))


def make_cells(root: Path, out: Path) -> None:
    """Write blood cells, each class once as the new one.

    Args:
        root: Folder of the public sets.
        out: Folder to write to, if it is not complete yet.
    """
    if (out / f'val_{CELLS[-1]}.json').is_file():
        return
    bccd = _unpacked(root, 'bccd', out.parent, 'BCCD')
    _link(out, (bccd / 'JPEGImages').iterdir())
    files = {
        split: [bccd / f'Annotations/{stem}.xml' for stem in read_lines(
            bccd / f'ImageSets/Main/{split}.txt')]
        for split in ('train', 'val', 'test')
    }
    for new in CELLS:
        old = [name for name in CELLS if name != new]
        write_coco(out / f'base_{new}.json', out, old,
                   _of_voc(files['train'], old))
        write_coco(out / f'learn_{new}.json', out, [new],
                   _of_voc(files['val'], [new]))
        write_coco(out / f'val_{new}.json', out, [*old, new],
                   _of_voc(files['test'], [*old, new]))


def _of_voc(files: Iterable[Path], names: Sequence[str]) -> Labelled:
    """Boxes of Pascal VOC files whose images have their names.

    Objects of other classes are left out.
    """
    return [(f'images/{file.stem}.jpg', [
        Box(names.index(obj.name), obj.corners)
        for obj in read_voc(file).objects if obj.name in names
    ]) for file in files]


def _of_coco(content: Dict[str, Any], names: Sequence[str]) -> Labelled:
    """Boxes of a COCO file."""
    labels = {c['id']: names.index(c['name']) for c in content['categories']}
    boxes: Dict[Any, List[Box]] = {i['id']: [] for i in content['images']}
    for annotation in content['annotations']:
        left, top, width, height = annotation['bbox']
        boxes[annotation['image_id']].append(Box(
            labels[annotation['category_id']],
            (left, top, left + width, top + height),
            bool(annotation.get('iscrowd'))))
    return [(f'images/{Path(image["file_name"]).name}', boxes[image['id']])
            for image in content['images']]


def _unpacked(root: Path, name: str, out: Path, folder: str = '') -> Path:
    """The folder of a public set, out of its archive where need be."""
    folder = folder or name
    for place in (root, out / 'originals'):
        if (place / folder).is_dir():
            return place / folder
    archive = root / f'{name}.zip'
    if not archive.is_file():
        stop(f'{root} must have {folder}/ or {archive.name}, got neither; '
             '--help says where it comes from')
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(out / 'originals')
    return out / 'originals' / folder


def _link(out: Path, files: Iterable[Path]) -> None:
    folder = out / 'images'
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        link = folder / file.name
        if not link.exists():
            link.symlink_to(file.resolve())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('root', type=Path, help='folder of the public sets')
    parser.add_argument('out', type=Path, help='folder to write to')
    args = parser.parse_args()
    make_raccoons(args.root, args.out / 'raccoon')
    make_cells(args.root, args.out / 'cells')


if __name__ == '__main__':
    main()
