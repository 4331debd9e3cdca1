"""What a COCO json has, as far as a swap has to know it."""
import json
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Set

from mmswap.apis.init.names import Names
from mmswap.apis.init.source import Size
from mmswap.apis.synthesis.settings import SYNTHESIZED


class CocoFile(NamedTuple):
    """What is in a COCO json.

    Attributes:
        images: The image ids by class name, in the order of the file.
        things: The classes that are no stuff.
        files: Names of the image files.
        sizes: Width and height of each, in pixels; None if not listed.
        maps: Names of the panoptic maps.
        is_synthesized: Whether the images are none of a camera, but what
            ``mmswap synthesize`` made.
    """

    images: Dict[str, Set[Any]]
    things: Names
    files: List[str]
    sizes: List[Size]
    maps: List[str]
    is_synthesized: bool = False

    def showing(self, names: Names) -> Set[Any]:
        """The images that show some classes.

        Args:
            names: The classes.
        """
        return set().union(*(self.images.get(name, ()) for name in names))


def read_coco(path: Path, option: str) -> CocoFile:
    """Read a COCO json, of instances or of panoptic segments.

    Args:
        path: Where it is.
        option: What names it: an option or a key, for messages.

    Raises:
        FileNotFoundError: If it is not there.
        ValueError: If it is no COCO json with images.
    """
    if not path.is_file():
        raise FileNotFoundError(f'{option} must be a COCO json, got {path}, '
                                'where there is no file')
    try:
        content = json.loads(path.read_bytes())
        names = {c['id']: c['name'] for c in content['categories']}
        files = [image['file_name'] for image in content['images']]
        sizes = [_size(image) for image in content['images']]
        annotations = content['annotations']
        info = content.get('info') or {}
    except (UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f'{option} must be a COCO json with images, annotations and '
            f'categories, got {path} ({error!r})') from error
    if not files:
        raise ValueError(f'{option} must list images, got none in {path}')
    images: Dict[str, Set[Any]] = {name: set() for name in names.values()}
    for annotation in annotations:
        for part in annotation.get('segments_info', [annotation]):
            # Crowds are to be ignored.
            if not part.get('iscrowd') and part['category_id'] in names:
                name = names[part['category_id']]
                images[name].add(annotation['image_id'])
    return CocoFile(
        images,
        tuple(c['name'] for c in content['categories'] if c.get('isthing', 1)),
        files, sizes,
        [a['file_name'] for a in annotations if 'segments_info' in a],
        isinstance(info, dict) and bool(info.get(SYNTHESIZED)))


def _size(image: Dict[str, Any]) -> Size:
    """Width and height of an image; some files list zeros."""
    width, height = image.get('width'), image.get('height')
    return (width, height) if width and height else None
