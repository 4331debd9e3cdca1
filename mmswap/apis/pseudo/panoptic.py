"""Panoptic segments of the base model's classes, as COCO has them."""
import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

import mmcv
import numpy as np

from mmswap.apis.pseudo.base import Base, PseudoLabels
from mmswap.apis.pseudo.files import CocoImages, read_images
from mmswap.apis.pseudo.segments import (
    Filled,
    JudgedSegments,
    Labelled,
    fill,
    segments_of,
)
from mmswap.apis.pseudo.selection import PseudoSettings
from mmswap.apis.pseudo.sheet import draw_sheet
from mmswap.apis.pseudo.sheet_segments import ShownSegments, draw_segments
from mmswap.apis.pseudo.thresholds import (
    DEFAULT_SCORE,
    Thresholds,
    label_map,
)
from mmswap.tasks.panoptic_ids import colours_of_ids, ids_of_colours
from mmswap.whole_file import write_text


def label_panoptic(base: Base, images: Path, out: Path, ann: Optional[Path],
                   settings: PseudoSettings) -> PseudoLabels:
    """Write a panoptic json and maps: a person's segments, and the model's.

    What neither is certain of is void.

    Args:
        base: The base model, a panoptic one of mmdet.
        images: Folder of the images.
        out: The json to write. The maps are written to a folder beside it, of
            its name without ``.json``, and a contact sheet with the ending
            ``.jpg``.
        ann: A panoptic json of what a person labelled in them; None for all
            images below the folder, unlabelled.
        settings: See :class:`PseudoSettings`.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If a file is no panoptic json, a map is none of its image,
            or no image is left.
    """
    if out.suffix != '.json':
        raise ValueError('--out must end with .json, as the maps are written '
                         f'to the folder of that name, got {out}')
    source = read_images(images, ann)
    given = _Given(source, ann, settings.maps)
    names = [_map_name(image['file_name']) for image in source.images]
    thresholds = _thresholds(base, settings)
    file = _categories(source, base)
    counts: Tuple[Counter, Counter] = (Counter(), Counter())
    shown: List[ShownSegments] = []
    for image, path, name, sample in zip(
            source.images, source.paths, names,
            base.predictor.predict(source.paths)):
        found = segments_of(sample, len(base.classes))
        filled = fill(found, given.read(image['id'], found.ids.shape),
                      base.classes, _num_things(base), thresholds, settings)
        added = [base.classes[label] for label in filled.added.values()]
        if settings.showing and not set(added) & set(settings.showing):
            continue
        counts[0].update(added)
        counts[1].update(base.classes[label] for label in filled.ignored)
        segments = _add(file, image, name, filled, base.classes)
        map_path = out.with_suffix('') / name
        mmcv.imwrite(colours_of_ids(filled.ids), str(map_path))
        shown.append(ShownSegments(path, map_path, segments))
    if not shown:
        raise ValueError(
            '--images must have an image that shows '
            f'{list(settings.showing)} for certain, got none of the '
            f'{len(source.images)}')
    write_text(out, json.dumps(file))
    sheet = None
    if settings.sheet_images:
        draw = partial(draw_segments,
                       names={c['id']: c['name'] for c in file['categories']})
        sheet = draw_sheet(shown, draw, out.with_suffix('.jpg'),
                           settings.sheet_images)
    return PseudoLabels(out, sheet, base.classes, thresholds, dict(counts[0]),
                        dict(counts[1]), len(shown))


class _Given:
    """What a person labelled.

    Args:
        source: The images.
        ann: The json; None for none.
        maps: The folder of the maps; None for the one beside the json.

    Raises:
        FileNotFoundError: If a map is not there.
        ValueError: If the json is no panoptic one.
    """

    def __init__(self, source: CocoImages, ann: Optional[Path],
                 maps: Optional[Path]) -> None:
        self._source = source
        if ann is None and maps is not None:
            raise ValueError('--maps must be left out without --ann, whose '
                             f'maps they are, got {maps}')
        self._maps = maps or (Path() if ann is None else ann.with_suffix(''))
        if not all('segments_info' in a for a in source.annotations):
            raise ValueError('--ann must be a panoptic json, with '
                             f"'segments_info' in each annotation, got {ann}")
        missing = [path for a in source.annotations
                   if not (path := self._maps / a['file_name']).is_file()]
        if missing:
            raise FileNotFoundError(
                f'--maps must be the folder of the maps that {ann} lists, but '
                f'{len(missing)} of {len(source.annotations)} are not there: '
                f'{missing[0]}')

    def read(self, image_id: Any, shape: Tuple[int, ...]) -> Labelled:
        """The segments of an image.

        Args:
            image_id: Its id.
            shape: Its height and width.

        Raises:
            ValueError: If the map has another size.
        """
        ids = np.zeros(shape, dtype=np.int64)
        segments: List[Dict[str, Any]] = []
        for annotation in self._source.labelled(image_id):
            path = self._maps / annotation['file_name']
            ids = ids_of_colours(path.read_bytes())
            if ids.shape != shape:
                raise ValueError(
                    '--maps must have maps of the size of their images, '
                    f'{shape}, got {ids.shape} in {path}')
            # Those that an earlier run has added are left out.
            segments = [s for s in annotation['segments_info']
                        if not s.get('pseudo')]
        names = self._source.names
        return Labelled(ids, segments,
                        [names[s['category_id']] for s in segments])


def _map_name(file_name: str) -> str:
    """The name under which mmdet looks for the map of an image."""
    name = file_name.replace('.jpg', '.png')
    if not name.endswith('.png'):
        raise ValueError('--images must be .jpg or .png files, as mmdet finds '
                         f'no panoptic map of others, got {file_name}')
    return name


def _categories(source: CocoImages, base: Base) -> Dict[str, Any]:
    """The file without images; things come before stuff, as labels do."""
    file = dict(source.merged(base.classes), images=[], annotations=[])
    things = base.classes[:_num_things(base)]
    for category in file['categories']:
        if category['name'] in base.classes:
            category['isthing'] = int(category['name'] in things)
    file['categories'].sort(key=lambda c: not c['isthing'])
    return file


def _num_things(base: Base) -> int:
    assert base.predictor.num_things is not None  # Of panoptic models.
    return base.predictor.num_things


def _add(file: Dict[str, Any], image: Dict[str, Any], name: str,
         filled: Filled, classes: Tuple[str, ...]) -> List[Dict[str, Any]]:
    """Add an image to the file; returns the entries of its segments."""
    ids = {c['name']: c['id'] for c in file['categories']}
    segments = [
        dict(s, category_id=ids[classes[filled.added[s['id']]]])
        if s['id'] in filled.added else s for s in filled.segments
    ]
    height, width = filled.ids.shape
    file['images'].append(dict(image, height=height, width=width))
    file['annotations'].append(dict(
        image_id=image['id'], file_name=name, segments_info=segments))
    return segments


def _thresholds(base: Base, settings: PseudoSettings) -> Thresholds:
    if settings.score is not None or base.labelled is None:
        return Thresholds.same(settings.score or DEFAULT_SCORE,
                               len(base.classes))
    judged = JudgedSegments(len(base.classes))
    meta = base.labelled.metainfo
    labels = label_map(meta['classes'], base.classes)
    things = {i for i, name in enumerate(meta['classes'])
              if name in meta['thing_classes']}
    infos = base.some(settings.val_images)
    for info, sample in zip(infos, base.predictor.predict(
            [info['img_path'] for info in infos])):
        segments = info['segments_info']
        # mmdet calls a crowd of things no thing.
        crowds = [s['id'] for s in segments
                  if s['category'] in things and not s['is_thing']]
        judged.add(
            segments_of(sample, len(base.classes)),
            ids_of_colours(Path(info['seg_map_path']).read_bytes()),
            {s['id']: labels[s['category']] for s in segments
             if s['category'] in labels}, crowds)
    return judged.thresholds()
