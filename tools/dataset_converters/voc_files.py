"""Pascal VOC annotation files."""
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import List, NamedTuple, Tuple

from common import stop


class VocObject(NamedTuple):
    """One ``<object>`` of a Pascal VOC file, its coordinates as they stand.

    Attributes:
        name: Its class.
        corners: xmin, ymin, xmax, ymax.
        difficult: Whether it is flagged so.
    """
    name: str
    corners: Tuple[float, float, float, float]
    difficult: bool


class VocFile(NamedTuple):
    """What is used of a Pascal VOC annotation file.

    Attributes:
        filename: The image that it names, '' for none.
        size: The image's width and height by what it says, (0, 0) if it says
            nothing.
        objects: Its objects.
    """
    filename: str
    size: Tuple[int, int]
    objects: List[VocObject]


def read_voc(path: Path) -> VocFile:
    """Read a Pascal VOC annotation file."""
    try:
        tree = ET.parse(path)
        return VocFile((tree.findtext('filename') or '').strip(), (
            int(tree.findtext('size/width') or 0),
            int(tree.findtext('size/height') or 0)),
                       [_voc_object(node) for node in tree.iter('object')])
    except (ET.ParseError, ValueError) as error:
        stop(f'{path} must be a Pascal VOC annotation: {error}')


def _voc_object(node: ET.Element) -> VocObject:
    texts = {
        tag: (node.findtext(tag) or '').strip()
        for tag in ('name', 'difficult', 'bndbox/xmin', 'bndbox/ymin',
                    'bndbox/xmax', 'bndbox/ymax')
    }
    lacking = [t for t in texts if not texts[t] and t != 'difficult']
    if lacking:
        raise ValueError(f'an object lacks {", ".join(lacking)}')
    left, top, right, bottom = (
        float(text) for tag, text in texts.items() if tag.startswith('bndbox'))
    return VocObject(texts['name'], (left, top, right, bottom),
                     texts['difficult'] not in ('', '0'))
