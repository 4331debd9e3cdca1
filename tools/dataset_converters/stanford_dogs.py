"""Write lists and COCO files for Stanford Dogs."""
from pathlib import Path
from typing import List, Tuple

from coco_json import Box, write_coco
from common import (
    make_parser,
    names_by_label,
    parse_args,
    require,
    stop,
    write_lists,
)
from scipy.io import loadmat
from scipy.io.matlab import MatReadError
from voc_files import read_voc

HINT = ('ROOT must hold Images/, Annotation/, train_list.mat and '
        'test_list.mat, unpacked from images.tar, annotation.tar and '
        'lists.tar')
LISTS = dict(train='train_list.mat', val='test_list.mat')


def read_list(path: Path) -> List[Tuple[str, int]]:
    """Image path below Images/, without suffix, and label of each image."""
    try:
        lists = loadmat(str(path))
        files = [str(item.item()) for item in lists['file_list'].ravel()]
        labels = [int(label) - 1 for label in lists['labels'].ravel()]
    except (KeyError, ValueError, MatReadError) as error:
        stop(f'{path} must be the published list with file_list and labels, '
             f'but reading it failed: {error!r}')
    return [(Path(file).with_suffix('').as_posix(), label)
            for file, label in zip(files, labels)]


def main() -> None:
    args = parse_args(make_parser(__doc__, HINT))
    root = args.root
    require(root, ('Images', 'Annotation', *LISTS.values()), HINT)
    splits = {
        split: read_list(root / name) for split, name in LISTS.items()
    }
    dogs = splits['train'] + splits['val']
    # 'n02085620-Chihuahua/n02085620_7'
    classes = names_by_label(
        ((name.split('/')[0].partition('-')[2], label)
         for name, label in dogs), 'the lists')
    require(root / 'Images', [f'{name}.jpg' for name, _ in dogs], HINT)
    require(root / 'Annotation', [name for name, _ in dogs], HINT)
    for split, samples in splits.items():
        images = []
        for name, label in samples:
            objects = read_voc(root / 'Annotation' / name).objects
            # Taken as edges: unlike VOC's own, they may be 0.
            images.append((f'Images/{name}.jpg',
                           [Box(label, dog.corners) for dog in objects]))
        write_coco(args.out / f'{split}.json', root, classes, images)
    write_lists(
        args.out, classes, {
            split: [(f'Images/{name}.jpg', label) for name, label in samples]
            for split, samples in splits.items()
        })


if __name__ == '__main__':
    main()
