"""Instances of the base model's classes, as a COCO json."""
import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import List, Optional, Tuple

from mmswap.apis.pseudo.base import Base, PseudoLabels
from mmswap.apis.pseudo.files import CocoImages, read_images
from mmswap.apis.pseudo.found import Found, instances_of
from mmswap.apis.pseudo.selection import (
    PseudoSettings,
    as_annotation,
    select,
)
from mmswap.apis.pseudo.sheet import Shown, draw_instances, draw_sheet
from mmswap.apis.pseudo.thresholds import (
    DEFAULT_SCORE,
    Judged,
    Thresholds,
    label_map,
)
from mmswap.whole_file import write_text


def label_instances(base: Base, images: Path, out: Path, ann: Optional[Path],
                    settings: PseudoSettings) -> PseudoLabels:
    """Write a COCO json: what a person labelled, and what the model finds.

    Args:
        base: The base model.
        images: Folder of the images.
        out: The json to write. A contact sheet is written beside it, with the
            ending ``.jpg``.
        ann: A COCO json of what a person labelled in them; None for all
            images below the folder, unlabelled.
        settings: See :class:`PseudoSettings`.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If a file is no COCO json, or no image is left.
    """
    source = read_images(images, ann)
    thresholds = _thresholds(base, settings)
    found = [instances_of(sample)
             for sample in base.predictor.predict(source.paths)]
    return _write(source, found, base, thresholds, settings, out)


def _thresholds(base: Base, settings: PseudoSettings) -> Thresholds:
    if settings.score is not None or base.labelled is None:
        return Thresholds.same(settings.score or DEFAULT_SCORE,
                               len(base.classes))
    judged = Judged(len(base.classes))
    names = label_map(base.labelled.metainfo['classes'], base.classes)
    infos = base.some(settings.val_images)
    for info, sample in zip(infos, base.predictor.predict(
            [info['img_path'] for info in infos])):
        judged.add(instances_of(sample), info['instances'], names)
    return judged.thresholds()


def _write(source: CocoImages, found: List[Found], base: Base,
           thresholds: Thresholds, settings: PseudoSettings,
           out: Path) -> PseudoLabels:
    """Write the annotation file and the sheet."""
    classes = base.classes
    outlines = base.loads_masks()
    file = source.merged(classes)
    ids = {c['name']: c['id'] for c in file['categories']}
    next_id = max((int(a['id']) for a in file['annotations']), default=0) + 1
    counts: Tuple[Counter, Counter] = (Counter(), Counter())
    shown: List[Shown] = []
    images = []
    for image, path, each in zip(source.images, source.paths, found):
        labelled = source.labelled(image['id'])
        kept, certain = select(each, thresholds, labelled, settings)
        names = [classes[label] for label in kept.labels]
        if settings.showing and not {
                name for name, sure in zip(names, certain)
                if sure} & set(settings.showing):
            continue
        images.append(dict(image, height=each.size[0], width=each.size[1]))
        for i, (name, sure) in enumerate(zip(names, certain)):
            counts[0 if sure else 1][name] += 1
            file['annotations'].append(dict(
                as_annotation(kept, i, outlines), id=next_id,
                image_id=image['id'], category_id=ids[name],
                iscrowd=int(not sure)))
            next_id += 1
        shown.append(Shown(path, labelled, kept, certain, names))
    if not images:
        raise ValueError(
            '--images must have an image that shows '
            f'{list(settings.showing)} for certain, got none of the '
            f'{len(source.images)}')
    kept_ids = {image['id'] for image in images}
    file['images'] = images
    file['annotations'] = [a for a in file['annotations']
                           if a['image_id'] in kept_ids]
    write_text(out, json.dumps(file))
    sheet = None
    if settings.sheet_images:
        draw = partial(draw_instances, categories=source.names)
        sheet = draw_sheet(shown, draw, out.with_suffix('.jpg'),
                           settings.sheet_images)
    return PseudoLabels(out, sheet, classes, thresholds, dict(counts[0]),
                        dict(counts[1]), len(images))
