"""Images that show what a base model knows, and labels for them."""
import json
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import mmcv
import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.runner import set_random_seed
from mmengine.utils import ProgressBar

from mmswap.apis.pseudo.base import Base, PathLike, read_base
from mmswap.apis.pseudo.files import CocoImages, read_images
from mmswap.apis.pseudo.found import Found, instances_of
from mmswap.apis.pseudo.selection import as_annotation, corners_of
from mmswap.apis.pseudo.sheet import Shown, draw_instances, draw_sheet
from mmswap.apis.synthesis.optimization import SceneOptimizer
from mmswap.apis.synthesis.scenes import Scene, class_shares, draw_scene
from mmswap.apis.synthesis.settings import (
    STRIDE,
    SYNTHESIZED,
    SynthesisSettings,
)
from mmswap.apis.synthesis.start import draw_start
from mmswap.tasks.instance_overlaps import box_ious
from mmswap.whole_file import write_text

# An object that the model gives this score, with this IoU, is found.
_FOUND, _SAME = .3, .5


class Synthesized(NamedTuple):
    """What was written.

    Attributes:
        out: The annotation file; its images are in the folder beside it.
        sheet: The contact sheet; None where there is none.
        shown: How many objects of each class there are, by name.
        found: How many of these the base model finds.
        images: How many images there are.
    """

    out: Path
    sheet: Optional[Path]
    shown: Dict[str, int]
    found: Dict[str, int]
    images: int


def synthesize(
        config: PathLike,
        checkpoint: PathLike,
        images: PathLike,
        ann: PathLike,
        out: PathLike,
        settings: SynthesisSettings = SynthesisSettings(),  # noqa: B008
        trust: bool = False) -> Synthesized:
    """Make images of the base model's classes out of the model itself.

    Args:
        config: The stock config that it was trained with.
        checkpoint: Its checkpoint.
        images: Folder of the new images. They say what is taken for what, and
            crops of them, blurred, are what the images begin as.
        ann: The new objects in them, a COCO json.
        out: The COCO json to write. The images go into the folder beside it
            that has its name, and a contact sheet beside both.
        settings: See :class:`SynthesisSettings`.
        trust: Unpickle whatever is in the checkpoint. That can run any code.

    Returns:
        What was written.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If a setting is out of range, or the model is no detector
            of boxes with BatchNorm.
    """
    settings.check()
    out = Path(out)
    if out.suffix != '.json':
        # The images go into a folder of that name.
        raise ValueError(f'--out must be a .json, got {out}')
    cfg = Config.fromfile(str(config))
    scope = cfg.get('default_scope')
    if scope != 'mmdet':
        raise ValueError('default_scope of CONFIG must be mmdet, a detector '
                         f'of boxes, got {scope!r} in {config}')
    with DefaultScope.overwrite_default_scope(scope):
        base = read_base(cfg, checkpoint, trust)
        # What cannot be is refused before the first pass.
        optimizer = SceneOptimizer(base.predictor.model)
        source = read_images(Path(images), Path(ann))
        shares, size = _look_at(source, base)
        set_random_seed(settings.seed)
        scenes, paths = _write_images(
            optimizer, source, base, shares,
            settings._replace(size=settings.size or size),
            out.with_suffix(''))
        return _write(scenes, paths, base, settings.sheet_images, out)


def _look_at(source: CocoImages, base: Base) -> Tuple[np.ndarray, int]:
    """How often each class is to be shown, and how large the images are."""
    found, known, sides = [], [], []
    for image, sample in zip(source.images,
                             base.predictor.predict(source.paths)):
        if 'masks' in sample.get('pred_instances', {}) or (
                base.predictor.num_things is not None):
            raise ValueError(
                'CONFIG must be of a detector of boxes, got one of masks; '
                'use images that nobody has labelled (mmswap pseudo-label)')
        found.append(instances_of(sample))
        known.append(corners_of(source.labelled(image['id'])))
        sides.append(min(sample.get('batch_input_shape', sample.img_shape)))
    size = -(-int(np.median(sides)) // STRIDE) * STRIDE
    return class_shares(found, known, len(base.classes)), size


def _write_images(optimizer: SceneOptimizer, source: CocoImages, base: Base,
                  shares: np.ndarray, settings: SynthesisSettings,
                  folder: Path) -> Tuple[List[Scene], List[Path]]:
    """Synthesize the images, one batch after the other."""
    assert settings.size
    rng = np.random.default_rng(settings.seed)
    scenes: List[Scene] = []
    paths: List[Path] = []
    bar = ProgressBar(settings.number)
    while len(scenes) < settings.number:
        count = min(settings.batch_size, settings.number - len(scenes))
        batch = [draw_scene(rng, shares) for _ in range(count)]
        start = torch.stack([
            draw_start(source.paths, settings.size, rng) for _ in batch])
        made = optimizer.optimize(start.to(base.predictor.device), batch,
                                  settings.steps, rng)
        for image in made.round().byte().permute(0, 2, 3, 1).cpu().numpy():
            # Not as JPEG, which loses much of what the model sees in them.
            paths.append(folder / f'{len(paths) + 1:06}.png')
            mmcv.imwrite(image, str(paths[-1]))
            bar.update()
        scenes += batch
    print()
    return scenes, paths


def _write(scenes: Sequence[Scene], paths: Sequence[Path], base: Base,
           sheet_images: int, out: Path) -> Synthesized:
    """Write the annotation file and the sheet."""
    classes, outlines = base.classes, base.loads_masks()
    counts: Tuple[Counter, Counter] = (Counter(), Counter())
    images: List[Dict[str, Any]] = []
    annotations: List[Dict[str, Any]] = []
    shown: List[Shown] = []
    for scene, path, sample in zip(scenes, paths,
                                   base.predictor.predict(paths)):
        objects = _scored(scene, instances_of(sample))
        names = [classes[label] for label in objects.labels]
        height, width = objects.size
        images.append(dict(
            id=len(images) + 1, file_name=path.name, width=width,
            height=height))
        for i, (label, name) in enumerate(zip(objects.labels, names)):
            counts[0][name] += 1
            counts[1][name] += int(objects.scores[i] >= _FOUND)
            annotations.append(dict(
                as_annotation(objects, i, outlines),
                id=len(annotations) + 1, image_id=images[-1]['id'],
                category_id=int(label) + 1, iscrowd=0))
        labelled = np.ones(len(names), dtype=bool)
        shown.append(Shown(path, (), objects, labelled, names))
    write_text(out, json.dumps({
        'info': {SYNTHESIZED: True},
        'images': images,
        'annotations': annotations,
        'categories': [dict(id=i, name=name)
                       for i, name in enumerate(classes, 1)],
    }))
    sheet = None
    if sheet_images:
        sheet = draw_sheet(shown, partial(draw_instances, categories={}),
                           out.with_suffix('.jpg'), sheet_images)
    return Synthesized(out, sheet, dict(counts[0]), dict(counts[1]),
                       len(images))


def _scored(scene: Scene, found: Found) -> Found:
    """The objects of a scene, with the score that the model gives each."""
    height, width = found.size
    boxes = scene.boxes * [width, height, width, height]
    same = (box_ious(boxes, found.boxes) >= _SAME) & (
        scene.labels[:, None] == found.labels)
    scores = np.where(same, found.scores, 0).max(axis=1, initial=0)
    return Found(boxes, scene.labels, scores, None, found.size)
