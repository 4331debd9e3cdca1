"""Instances of the base model's classes, as a COCO json."""
import json
from collections import Counter
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

import numpy as np
from mmengine.config import Config
from mmengine.registry import DATASETS, DefaultScope
from mmengine.utils import ProgressBar

from mmswap.apis.atomic import write_atomically
from mmswap.apis.config import unwrap_pipeline_owner
from mmswap.apis.pseudo.files import CocoImages, read_images
from mmswap.apis.pseudo.predictor import Found, Predictor
from mmswap.apis.pseudo.selection import (
    PseudoSettings,
    as_annotation,
    select,
)
from mmswap.apis.pseudo.sheet import Shown, draw_sheet
from mmswap.apis.pseudo.thresholds import (
    DEFAULT_SCORE,
    Judged,
    Thresholds,
    label_map,
)

PathLike = Union[str, Path]


class PseudoLabels(NamedTuple):
    """What was written.

    Attributes:
        out: The annotation file.
        sheet: The contact sheet; None where it was not asked for.
        classes: Names of the base model's classes.
        thresholds: Of each.
        certain: How many objects of each class were added, by name.
        uncertain: How many of them were marked as ignored, by name.
        images: How many images there are.
    """

    out: Path
    sheet: Optional[Path]
    classes: Tuple[str, ...]
    thresholds: Thresholds
    certain: Dict[str, int]
    uncertain: Dict[str, int]
    images: int


def pseudo_label(config: PathLike,
                 checkpoint: PathLike,
                 images: PathLike,
                 out: PathLike,
                 ann: Optional[PathLike] = None,
                 settings: PseudoSettings = PseudoSettings(),  # noqa: B008
                 trust: bool = False) -> PseudoLabels:
    """Let the base model label its classes in images.

    Args:
        config: The stock config that it was trained with, of mmdet.
        checkpoint: Its checkpoint.
        images: Folder of the images.
        out: The COCO json to write: what ``ann`` has, and the labels of the
            model, which have ``score`` and ``pseudo`` too. A contact sheet is
            written beside it, with the ending ``.jpg``.
        ann: A COCO json of what a person labelled in them; None for all
            images below the folder, unlabelled.
        settings: See :class:`PseudoSettings`.
        trust: Unpickle whatever is in the checkpoint. That can run any code.

    Returns:
        What was written.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If a setting is out of range, the model is no detector, or
            no image is left.
    """
    settings.check()
    cfg = Config.fromfile(str(config))
    if cfg.get('default_scope') != 'mmdet':
        raise ValueError('default_scope of CONFIG must be mmdet, got '
                         f'{cfg.get("default_scope")!r} in {config}')
    source = read_images(Path(images), None if ann is None else Path(ann))
    with DefaultScope.overwrite_default_scope('mmdet'):
        predictor = Predictor(cfg, checkpoint, trust)
        labelled = _labelled(cfg)
        classes = _classes(predictor, labelled)
        unknown = [n for n in settings.showing if n not in classes]
        if unknown:
            raise ValueError(f'--showing must name classes of the model, '
                             f'{list(classes)}, got {unknown}')
        thresholds = _thresholds(predictor, labelled, classes, settings)
        bar = ProgressBar(len(source.images))
        found = []
        for each in predictor.find(source.paths):
            found.append(each)
            bar.update()
        print()
    return _write(source, found, classes, thresholds, settings, Path(out))


def _labelled(cfg: Config) -> Any:
    """The images to validate on; None if they are not there."""
    dataset = unwrap_pipeline_owner(cfg.val_dataloader.dataset).to_dict()
    try:
        built = DATASETS.build(dict(dataset, pipeline=[]))
        return built if len(built) else None
    except (OSError, KeyError, ValueError):
        return None


def _classes(predictor: Predictor, labelled: Any) -> Tuple[str, ...]:
    classes = predictor.classes
    if classes is None and labelled is not None:
        classes = tuple(labelled.metainfo.get('classes') or ())
    if not classes:
        raise ValueError(
            'CHECKPOINT must name the classes of the model (meta.dataset_meta'
            '.classes), or val_dataloader.dataset of CONFIG be there to name '
            'them, got neither')
    return classes


def _thresholds(predictor: Predictor, labelled: Any,
                classes: Tuple[str, ...],
                settings: PseudoSettings) -> Thresholds:
    if settings.score is not None or labelled is None:
        return Thresholds.same(settings.score or DEFAULT_SCORE, len(classes))
    judged = Judged(len(classes))
    names = label_map(labelled.metainfo['classes'], classes)
    count = min(settings.val_images, len(labelled))
    which = np.linspace(0, len(labelled) - 1, count).round().astype(int)
    infos = [labelled.get_data_info(int(i)) for i in which]
    bar = ProgressBar(count)
    for info, found in zip(infos, predictor.find(
            [info['img_path'] for info in infos])):
        judged.add(found, info['instances'], names)
        bar.update()
    print()
    return judged.thresholds()


def _write(source: CocoImages, found: List[Found], classes: Tuple[str, ...],
           thresholds: Thresholds, settings: PseudoSettings,
           out: Path) -> PseudoLabels:
    """Write the annotation file and the sheet."""
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
                as_annotation(kept, i), id=next_id, image_id=image['id'],
                category_id=ids[name], iscrowd=int(not sure)))
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
    write_atomically(out, json.dumps(file))
    sheet = None
    if settings.sheet_images:
        sheet = draw_sheet(shown, source.names, out.with_suffix('.jpg'),
                           settings.sheet_images)
    return PseudoLabels(out, sheet, classes, thresholds, dict(counts[0]),
                        dict(counts[1]), len(images))
