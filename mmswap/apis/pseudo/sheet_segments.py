"""Panoptic segments on a contact sheet."""
from pathlib import Path
from typing import Any, Mapping, NamedTuple, Sequence

import mmcv
import numpy as np

from mmswap.apis.pseudo.sheet import COLOURS, write_label
from mmswap.tasks.panoptic_ids import ids_of_colours


class ShownSegments(NamedTuple):
    """An image and its segments.

    Attributes:
        path: The image.
        map_path: The map of its segments, as COCO has it.
        segments: The segments, as COCO has them.
    """

    path: Path
    map_path: Path
    segments: Sequence[Mapping[str, Any]]


def draw_segments(axis: Any, image: ShownSegments,
                  names: Mapping[Any, str]) -> None:
    """Draw an image, tinted by whose segments they are.

    Args:
        axis: Axes of matplotlib.
        image: The image and its segments.
        names: Names of the categories, by id.
    """
    from matplotlib.colors import to_rgb
    ids = ids_of_colours(image.map_path.read_bytes())
    pixels = mmcv.imread(str(image.path), channel_order='rgb') / 255.
    tint = np.empty_like(pixels)
    tint[:] = to_rgb(COLOURS['ignored'])
    kinds = {s['id']: 'added' if s.get('pseudo') else 'labelled'
             for s in image.segments}
    for number, kind in kinds.items():
        tint[ids == number] = to_rgb(COLOURS[kind])
    edges = np.zeros(ids.shape, dtype=bool)
    edges[:, 1:] |= ids[:, 1:] != ids[:, :-1]
    edges[1:] |= ids[1:] != ids[:-1]
    mixed = .6 * pixels + .4 * tint
    mixed[edges] = 1.
    axis.imshow(mixed)
    for segment in image.segments:
        text = names[segment['category_id']]
        if segment.get('pseudo'):
            text += f' {segment["score"]:.2f}'
        rows, columns = np.nonzero(ids == segment['id'])
        # The pixel that is nearest to the middle is one of the segment.
        nearest = np.hypot(rows - rows.mean(),
                           columns - columns.mean()).argmin()
        write_label(axis, (columns[nearest], rows[nearest]), text,
                    kinds[segment['id']])
