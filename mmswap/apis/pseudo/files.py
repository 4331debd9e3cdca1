"""Images to be labelled, and what a person has labelled in them."""
import json
from collections import defaultdict
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

_SUFFIXES = ('.bmp', '.jpeg', '.jpg', '.png', '.tif', '.tiff', '.webp')
_KEYS = ('images', 'annotations', 'categories')


class CocoImages:
    """A COCO json, or images without one.

    Labels that an earlier run has added, ``pseudo``, are left out.

    Args:
        folder: Folder of the images.
        content: What is in the json.

    Attributes:
        images: Its entries of images.
        paths: Where they are.
        annotations: What a person labelled.
        categories: Its categories.
    """

    def __init__(self, folder: Path, content: Mapping[str, Any]) -> None:
        self.images: List[Dict[str, Any]] = list(content['images'])
        self.paths = [folder / image['file_name'] for image in self.images]
        self.categories: List[Dict[str, Any]] = list(content['categories'])
        self.annotations: List[Dict[str, Any]] = [
            a for a in content['annotations'] if not a.get('pseudo')]
        self._of_image: Dict[Any, List[Dict[str, Any]]] = defaultdict(list)
        for annotation in self.annotations:
            self._of_image[annotation['image_id']].append(annotation)

    @property
    def names(self) -> Dict[Any, str]:
        """The names of the categories, by id."""
        return {c['id']: c['name'] for c in self.categories}

    def labelled(self, image_id: Any) -> List[Dict[str, Any]]:
        """What a person labelled in an image.

        Args:
            image_id: Of the image.
        """
        return self._of_image.get(image_id, [])

    def merged(self, classes: Sequence[str]) -> Dict[str, Any]:
        """A COCO json of all of it, with the classes of a model in front.

        Args:
            classes: Names of the classes, by label.

        Returns:
            The content; categories that were there keep their ids.
        """
        mine = {c['name']: c for c in self.categories}
        free = max((int(c['id']) for c in self.categories), default=0) + 1
        categories = []
        for name in classes:
            if name in mine:
                categories.append(mine.pop(name))
            else:
                categories.append(dict(id=free, name=name))
                free += 1
        return dict(
            images=list(self.images), annotations=list(self.annotations),
            categories=[*categories, *mine.values()])


def read_images(folder: Path, ann: Optional[Path]) -> CocoImages:
    """Find the images.

    Args:
        folder: Their folder.
        ann: A COCO json of some of them; None for all that are below the
            folder.

    Raises:
        FileNotFoundError: If folder, json or an image is not there.
        ValueError: If the json is none of COCO, or there is no image.
    """
    if not folder.is_dir():
        raise FileNotFoundError(
            f'--images must be the folder of the images, got {folder}')
    if ann is None:
        files = sorted(p for p in folder.rglob('*')
                       if p.suffix.lower() in _SUFFIXES)
        content: Mapping[str, Any] = dict(
            images=[dict(id=i, file_name=p.relative_to(folder).as_posix())
                    for i, p in enumerate(files, 1)],
            annotations=[], categories=[])
    else:
        content = _read(ann)
    if not content['images']:
        raise ValueError(
            f'{"--images" if ann is None else "--ann"} must have an image, '
            f'got none in {ann or folder}')
    source = CocoImages(folder, content)
    absent = [str(path) for path in source.paths if not path.is_file()]
    if absent:
        raise FileNotFoundError(
            f'--images must be the folder of the images that --ann lists, but '
            f'{len(absent)} of {len(source.paths)} are not there: {absent[0]}')
    return source


def _read(ann: Path) -> Mapping[str, Any]:
    if not ann.is_file():
        raise FileNotFoundError(f'--ann must be a COCO json, got {ann}, where '
                                'there is no file')
    try:
        content = json.loads(ann.read_bytes())
        assert all(isinstance(content[key], list) for key in _KEYS)
    except (ValueError, KeyError, TypeError, AssertionError) as error:
        raise ValueError(f'--ann must be a COCO json with {list(_KEYS)}, got '
                         f'{ann} ({error!r})') from error
    return content
