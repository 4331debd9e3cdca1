"""What the images of a data set show, by class name."""
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from mmswap.apis.doctor.sources import Source
from mmswap.class_table import ClassTable
from mmswap.config.listing import listed
from mmswap.datasets import ClassSubset
from mmswap.tasks.label_names import label_names

_LISTS = ('images', 'annotations', 'categories')


class Picture(NamedTuple):
    """An image and what it shows.

    Attributes:
        path: Of its file.
        objects: How many objects of each class, by name. Of maps and of
            images with a label it is 1 for each class that is there.
        size: Width and height that the annotations say, in pixels; None
            where they say none.
    """

    path: str
    objects: 'Counter[str]'
    size: Optional[Tuple[int, int]] = None


class Content(NamedTuple):
    """What a data set shows.

    Attributes:
        names: The classes that it has labels of.
        pictures: Its images.
        has_objects: Whether objects are counted, or the images that show a
            class.
        maps: Paths of panoptic maps.
    """

    names: Tuple[str, ...]
    pictures: List[Picture]
    has_objects: bool
    maps: Tuple[str, ...] = ()


def read_coco(path: Path) -> Dict[str, Any]:
    """Read a COCO json, and see that it is one.

    Args:
        path: Of the file.

    Raises:
        ValueError: If it is none; the message has the path.
    """
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f'must be a COCO json, got {path}, which is no json '
                         f'({error})') from error
    if not isinstance(content, dict):
        raise ValueError('must be a COCO json, a dict with the lists '
                         f'{_LISTS}, got a {type(content).__name__} in {path}')
    for key in _LISTS:
        value = content.get(key)
        if not isinstance(value, list) or not all(
                isinstance(each, dict) for each in value):
            raise ValueError(f'must be a COCO json with a list {key}, got '
                             f'{type(value).__name__} there in {path}')
        if not value:
            raise ValueError(f'must list {key}, got an empty list in {path}')
    for key, fields in (('images', ('id', )), ('categories', ('id', 'name'))):
        lacking = [field for field in fields
                   if any(field not in each for each in content[key])]
        if lacking:
            raise ValueError(f'must give each of its {key} the fields '
                             f'{fields}, but some lack {listed(lacking, 3)} '
                             f'in {path}')
    return content


def coco_content(source: Source, content: Dict[str, Any]) -> Content:
    """What a COCO json shows: objects that are not to be ignored.

    Args:
        source: The data set.
        content: Of its annotation file, as :func:`read_coco` gives it.
    """
    names = {each['id']: each['name'] for each in content['categories']}
    shown: Dict[Any, Counter[str]] = {}
    for annotation in content['annotations']:
        counts = shown.setdefault(annotation.get('image_id'), Counter())
        for part in annotation.get('segments_info', [annotation]):
            name = names.get(part.get('category_id'))
            if name is not None and not (part.get('iscrowd') or part.get(
                    'ignore') or _is_flat(part.get('bbox'))):
                counts[name] += 1
    pictures = []
    for image in content['images']:
        size = image.get('width'), image.get('height')
        pictures.append(Picture(
            os.path.join(source.images, _file_name(image)),
            shown.get(image['id'], Counter()),
            size if all(isinstance(side, int) for side in size) else None))
    folder = source.prefixes.get('seg', '')
    maps = [os.path.join(folder, str(each['file_name']))
            for each in content['annotations']
            if 'segments_info' in each and 'file_name' in each]
    return Content(tuple(names.values()), pictures, True, tuple(maps))


def _is_flat(box: Any) -> bool:
    """Whether a box has no area, so that mmdet leaves its object out."""
    return isinstance(box, list) and len(box) == 4 and min(box[2:]) < 1


def _file_name(image: Mapping[str, Any]) -> str:
    """That of an image; LVIS has its place on COCO's server instead."""
    if 'file_name' not in image and 'coco_url' in image:
        return str(image['coco_url']).partition('.org/')[2]
    return str(image.get('file_name', ''))


def built_content(source: Source, table: ClassTable) -> Content:
    """What any other data set shows of the classes of a table.

    Args:
        source: The data set.
        table: The class table.
    """
    subset = ClassSubset(dict(source.cfg), table, allow_empty=True)
    pictures = []
    has_objects = False
    for index in range(len(subset)):
        info = subset.get_data_info(index)
        instances = info.get('instances')
        if instances is None:
            labels = subset.get_cat_ids(index)
        else:
            has_objects = True
            labels = [each['bbox_label'] for each in instances
                      if not each.get('ignore_flag') and
                      each['bbox_label'] >= 0]
        pictures.append(Picture(
            str(info.get('img_path', '')),
            Counter(table.names[label] for label in labels)))
    return Content(label_names(subset.dataset).names, pictures, has_objects)
