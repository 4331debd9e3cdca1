"""What is wrong in the annotation files, and what each split has in them."""
import math
from collections import Counter
from typing import Any, Dict, Iterator, List, Mapping, Sequence

from mmswap.apis.doctor.contents import Content
from mmswap.apis.doctor.examined import Examined, table_of, target_of
from mmswap.apis.doctor.finding import (
    Finding,
    error,
    note,
    refusal,
    warning,
)
from mmswap.apis.plan import Phase
from mmswap.class_table import ALL_SPLITS, ClassTable
from mmswap.config.listing import listed

_SHOWN = 3
_MARGIN = 2.  # pixels that rounding may put a box outside


def check_annotations(swap: Examined, phase: Phase) -> Iterator[Finding]:
    """COCO files: their ids, and boxes that are none.

    Args:
        swap: The swap.
        phase: The phase.
    """
    for source in swap.sources(phase):
        file = source.ann_file
        if not source.is_coco or not source.is_local or file is None or not (
                file.is_file() and file.stat().st_size):
            continue
        key = f'{source.key}.ann_file'
        try:
            content = swap.coco(source)
        except ValueError as raised:
            yield refusal(key, raised)
            continue
        for level, what in (*_ids(content), *_boxes(content)):
            yield level(key, f'{what} in {file}')


def check_splits(swap: Examined, phase: Phase) -> Iterator[Finding]:
    """Images and objects of each split, in each data set.

    Args:
        swap: The swap.
        phase: The phase.
    """
    table, target = table_of(phase), target_of(phase)
    shown: Dict[str, Counter[str]] = {}
    named: Dict[str, set] = {}
    for source in swap.sources(phase):
        loader = source.key.partition('.')[0]
        try:
            content = swap.content(source, phase)
        except (OSError, ValueError, TypeError, KeyError) as raised:
            if not source.is_coco:
                yield refusal(source.key, raised)
            continue
        counts = shown.setdefault(loader, Counter())
        named.setdefault(loader, set()).update(content.names)
        for picture in content.pictures:
            counts.update(picture.objects)
        yield _table(source.key, content, table)
    seen = shown.get('train_dataloader', Counter())
    unseen = [name for name in table.retain if not seen[name]]
    if unseen and seen:
        yield note('classes.base', f'{len(unseen)} of {len(table.retain)} '
                   'retained classes have no object in the training data: '
                   f'{listed(unseen, 8)}', unseen=unseen)
    for split in ('learn', 'forget'):
        for loader, level, wanted in (
                ('train_dataloader', error, split == target),
                ('val_dataloader', warning, True)):
            empty = [name for name in getattr(table, split)
                     if wanted and name in named.get(loader, ())
                     and not shown[loader][name]]
            if empty:
                yield level(
                    f'classes.{split}', f'must have an object in '
                    f'{loader}.dataset, but {listed(empty, 8)} '
                    f'{"has" if len(empty) == 1 else "have"} none: '
                    + ('it cannot be trained on' if level is error else
                       'what becomes of it cannot be scored'))


def _table(key: str, content: Content, table: ClassTable) -> Finding:
    """The figures of each split in a data set."""
    images: Counter[str] = Counter()
    objects: Counter[str] = Counter()
    several = 0
    of = {name: split for split in ALL_SPLITS
          for name in getattr(table, split)}
    for picture in content.pictures:
        splits: Counter[str] = Counter()
        for name, number in picture.objects.items():
            if name in of:
                splits[of[name]] += number
        images.update(list(splits))
        objects.update(splits)
        several += len(splits) > 1
    counts = {split: dict(images=images[split], objects=objects[split])
              for split in ALL_SPLITS if split in set(of.values())}
    if not content.has_objects:
        for each in counts.values():
            del each['objects']
    return note(key, f'{len(content.pictures):,} images, {several:,} of which '
                'show several splits', images=len(content.pictures),
                several=several, splits=counts)


def _ids(content: Mapping[str, Any]) -> List[Any]:
    """What is wrong with the ids: pairs of a level and what."""
    found: List[Any] = []
    for key in ('images', 'annotations', 'categories'):
        counts = Counter(each.get('id') for each in content[key])
        twice = [i for i, count in counts.items()
                 if count > 1 and i is not None]
        if twice:
            found.append((error, f'must give each of its {key} an id of its '
                          f'own, got {_listed(twice)} more than once'))
    categories = {each['id'] for each in content['categories']}
    images = {each['id'] for each in content['images']}
    parts = [part for each in content['annotations']
             for part in each.get('segments_info', [each])]
    unknown = {part.get('category_id') for part in parts} - categories
    if unknown:
        number = sum(p.get('category_id') in unknown for p in parts)
        found.append((error, 'must list the category of each annotation, '
                      f'got {number} annotations of the category_id '
                      f'{_listed(unknown)}, which are left out'))
    lost = {each.get('image_id') for each in content['annotations']} - images
    if lost:
        found.append((warning, 'must list the image of each annotation, got '
                      f'annotations of the image_id {_listed(lost)}, which '
                      'are left out'))
    names = Counter(each['name'] for each in content['categories'])
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        found.append((error, 'must give each category a name of its own, got '
                      f'{_listed(twice)} more than once'))
    return found


def _boxes(content: Mapping[str, Any]) -> List[Any]:
    """Boxes without area, no boxes at all, and those outside the image."""
    sizes = {each['id']: (each.get('width'), each.get('height'))
             for each in content['images']}
    broken: List[Any] = []
    flat: List[Any] = []
    outside: List[Any] = []
    over: List[Any] = []
    for each in content['annotations']:
        if 'segments_info' in each:
            continue
        box = each.get('bbox')
        if not _is_box(box):
            broken.append(each.get('id'))
            continue
        left, top, width, height = box
        size = sizes.get(each.get('image_id'))
        if width < 1 or height < 1 or each.get('area', 1) <= 0:
            flat.append(each.get('id'))
        elif size and all(isinstance(side, (int, float)) for side in size):
            right, bottom = left + width, top + height
            if left >= size[0] or top >= size[1] or right <= 0 or bottom <= 0:
                outside.append(each.get('id'))
            elif min(left, top, size[0] - right, size[1] - bottom) < -_MARGIN:
                over.append(each.get('id'))
    return [(level, f'must have boxes {rule}, not so of {len(ids)}: the ids '
             f'{_listed(ids)}')
            for level, rule, ids in (
                (error, 'of four finite numbers, x, y, width and height',
                 broken),
                (warning, 'of a pixel or more, as others are left out', flat),
                (warning, 'within their image, as others are left out',
                 outside),
                (warning, 'that end where their image ends', over)) if ids]


def _is_box(box: Any) -> bool:
    return isinstance(box, Sequence) and len(box) == 4 and all(
        isinstance(each, (int, float)) and math.isfinite(each)
        for each in box)


def _listed(items: Any) -> str:
    """Some ids, as they are written in the file."""
    return listed([repr(each) for each in items], _SHOWN)
