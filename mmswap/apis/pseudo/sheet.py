"""A contact sheet of pseudo-labels, for a person to look at."""
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Sequence

import numpy as np

from mmswap.apis.pseudo.found import Found

_COLUMNS = 6
# What a person labelled, what the model is sure of, and what it is not.
COLOURS = dict(labelled='#40a9ff', added='#4caf50', ignored='#9e9e9e')


class Shown(NamedTuple):
    """An image and its labels.

    Attributes:
        path: The image.
        labelled: What a person labelled, annotations of COCO.
        found: What the model added.
        certain: Whether each of these is certain.
        names: Their class names.
    """

    path: Path
    labelled: Sequence[Mapping[str, Any]]
    found: Found
    certain: np.ndarray
    names: List[str]


def draw_sheet(shown: Sequence[Any], draw: Callable[[Any, Any], None],
               out: Path, count: int) -> Path:
    """Draw images with their labels.

    Args:
        shown: The images; evenly spread ones are drawn.
        draw: Draws one of them on axes of matplotlib.
        out: The picture to write.
        count: How many images, at most.

    Returns:
        ``out``.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch
    count = min(count, len(shown))
    which = np.linspace(0, len(shown) - 1, count).round().astype(int)
    rows = -(-count // _COLUMNS)
    columns = min(count, _COLUMNS)
    figure = Figure(figsize=(2.6 * columns, 2.6 * rows + .4), dpi=110)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.axis('off')
    for axis, index in zip(axes, which):
        draw(axis, shown[index])
    figure.legend(
        handles=[Patch(color=colour, label=name)
                 for name, colour in COLOURS.items()],
        loc='lower center', ncol=len(COLOURS), frameon=False)
    out.parent.mkdir(parents=True, exist_ok=True)
    FigureCanvasAgg(figure).print_figure(
        str(out), bbox_inches='tight', facecolor='white')
    return out


def draw_instances(axis: Any, image: Shown,
                   categories: Mapping[Any, str]) -> None:
    """Draw an image and boxes of instances.

    Args:
        axis: Axes of matplotlib.
        image: The image and its labels.
        categories: Names of what a person labelled, by category id.
    """
    import mmcv
    axis.imshow(mmcv.imread(str(image.path), channel_order='rgb'))
    for annotation in image.labelled:
        left, top, width, height = annotation['bbox']
        _box(axis, (left, top, left + width, top + height),
             categories[annotation['category_id']], 'labelled')
    for box, name, score, sure in zip(
            image.found.boxes, image.names, image.found.scores,
            image.certain):
        _box(axis, box, f'{name} {score:.2f}', 'added' if sure else 'ignored')


def _box(axis: Any, corners: Any, text: str, kind: str) -> None:
    left, top, right, bottom = (float(value) for value in corners)
    style: Dict[str, Any] = dict(color=COLOURS[kind], linewidth=1)
    if kind == 'ignored':
        style['linestyle'] = '--'
    axis.plot([left, right, right, left, left],
              [top, top, bottom, bottom, top], **style)
    write_label(axis, (left, top), text, kind)


def write_label(axis: Any, place: Any, text: str, kind: str) -> None:
    """Write the name of an object.

    Args:
        axis: Axes of matplotlib.
        place: x and y, in pixels.
        text: What to write.
        kind: A key of :data:`COLOURS`.
    """
    axis.text(*place, text, color='white', fontsize=5,
              bbox=dict(facecolor=COLOURS[kind], edgecolor='none', pad=.6))
