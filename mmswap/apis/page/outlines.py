"""Draws what is said of the objects of a split, and of no others."""
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

import mmcv
import numpy as np
from mmengine.visualization import Visualizer

from mmswap.tasks.naming import Naming

# As in the page's bars.
COLOURS: Dict[str, Tuple[int, int, int]] = dict(
    named=(59, 130, 196), renamed=(224, 138, 30), unseen=(190, 198, 206))


def draw_sample(image: np.ndarray, scale: float, sample: Mapping[str, Any],
                namings: Sequence[Naming], labels: Sequence[int],
                names: Sequence[str]) -> np.ndarray:
    """Draw the objects of a split with what they are called.

    Args:
        image: The image, RGB of shape (h, w, 3), perhaps scaled.
        scale: Its size by that of the data's.
        sample: The data sample of it, as a dict.
        namings: What its objects are called.
        labels: The labels of the split.
        names: The model's class names, by label.

    Returns:
        A new image. Blue is what is found and has its name, orange what has
        another, grey and dashed what is not found. An image that has one
        label as a whole is left as it is.
    """
    visualizer = Visualizer(image=image)
    if 'pred_instances' in sample:
        _draw_instances(visualizer, scale, sample, namings, labels, names)
    elif 'pred_sem_seg' in sample:
        _draw_map(visualizer, image, sample, labels)
    return visualizer.get_image()


def part_of(naming: Naming) -> str:
    """``named``, ``renamed`` or ``unseen``.

    Args:
        naming: What an object is called.
    """
    if naming.name is None:
        return 'unseen'
    return 'named' if naming.name == naming.label else 'renamed'


def _draw_instances(visualizer: Visualizer, scale: float,
                    sample: Mapping[str, Any], namings: Sequence[Naming],
                    labels: Sequence[int], names: Sequence[str]) -> None:
    """Boxes and masks; of what is not found the true box."""
    true = [each for each in sample['instances']
            if not each.get('ignore_flag', 0) and each['bbox_label'] >= 0]
    width = max(1.5, visualizer.width / 200)
    for instance, naming in zip(true, namings):
        if naming.label not in labels:
            continue
        part = part_of(naming)
        index = _finder(sample['pred_instances'], naming, instance['bbox'])
        box = np.asarray(instance['bbox'], float)
        if index is not None:
            found = sample['pred_instances']
            box = np.asarray(found['bboxes'][index], float)
            if 'masks' in found:
                _draw_mask(visualizer, found['masks'][index], COLOURS[part])
        # Beyond the edges the visualizer would make room, and the image small.
        edges = np.array([visualizer.width - 1, visualizer.height - 1] * 2)
        box = np.clip(box * scale, 0, edges)
        visualizer.draw_bboxes(
            box, edge_colors=COLOURS[part], line_widths=width,
            line_styles='--' if part == 'unseen' else '-',
            alpha=1.)
        text = 'not found' if naming.name is None else (
            f'{names[naming.name]} {naming.score:.2f}')
        _write(visualizer, text, box, COLOURS[part])


def _finder(found: Mapping[str, Any], naming: Naming,
            true_box: Sequence[float]) -> Optional[int]:
    """Which prediction gave an object its name: the nearest of its score."""
    if naming.name is None or naming.score is None:
        return None
    same = np.flatnonzero(
        (np.asarray(found['labels']) == naming.name)
        & np.isclose(np.asarray(found['scores']), naming.score))
    if not len(same):
        return None
    away = np.abs(np.asarray(found['bboxes'])[same] - np.asarray(true_box))
    return int(same[away.sum(1).argmin()])


def _draw_mask(visualizer: Visualizer, mask: Any,
               colour: Tuple[int, int, int]) -> None:
    mask = np.asarray(mask)
    if mask.ndim == 2:
        size = (visualizer.width, visualizer.height)
        mask = mmcv.imresize(mask.astype(np.uint8), size,
                             interpolation='nearest')
        visualizer.draw_binary_masks(mask.astype(bool), colors=colour,
                                     alphas=.45)


def _draw_map(visualizer: Visualizer, image: np.ndarray,
              sample: Mapping[str, Any], labels: Sequence[int]) -> None:
    """Pixels of the split that have their name, and those of another."""
    size = (image.shape[1], image.shape[0])
    truth, found = (
        mmcv.imresize(np.asarray(sample[key]['data']).squeeze().astype(
            np.uint8), size, interpolation='nearest')
        for key in ('gt_sem_seg', 'pred_sem_seg'))
    of_split = np.isin(truth, labels)
    for part, mask in (('named', of_split & (truth == found)),
                       ('renamed', of_split & (truth != found))):
        if mask.any():
            visualizer.draw_binary_masks(mask, colors=COLOURS[part],
                                         alphas=.55)


def _write(visualizer: Visualizer, text: str, box: np.ndarray,
           colour: Tuple[int, int, int]) -> None:
    """Write above a box, or in it where there is no room."""
    size = max(10., visualizer.width / 26)
    room = 1.6 * size
    dark = (20, 24, 28)
    background: List[Dict[str, Any]] = [dict(
        facecolor=np.array(colour) / 255, edgecolor='none', pad=1, alpha=.95)]
    visualizer.draw_texts(
        text,
        np.array([max(box[0], 1.), box[1] - 2 if box[1] > room else
                  box[1] + room]),
        font_sizes=size * .75,
        colors=dark,
        vertical_alignments='bottom',
        bboxes=background)
