"""The same validation images at several moments of a swap, as one picture."""
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Sequence, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DATASETS, MODELS, init_default_scope
from mmengine.runner import load_checkpoint

from mmswap.class_table import SPLITS, ClassTable

COLOURS: Dict[str, str] = dict(
    retain='#4caf50', forget='#ff5252', learn='#40a9ff')


class Moment(NamedTuple):
    """A model to look at: a phase config and a checkpoint that fits it."""

    title: str
    cfg: Config
    checkpoint: str


def draw_gallery(moments: Sequence[Moment],
                 out: Union[str, Path],
                 count: int = 6,
                 score_thr: float = 0.5) -> Path:
    """Draw what a detector finds at several moments.

    One row a moment, one column an image; boxes, masks and names in the
    colour of the class's split. The images are the first validation images
    that show all three splits.

    Args:
        moments: The models, in the order of the rows.
        out: The picture to write, by its suffix PNG or what matplotlib knows.
        count: Number of images.
        score_thr: Detections below this score are not drawn.

    Returns:
        ``out`` as a path.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    cfg = moments[0].cfg
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    table = ClassTable.from_cfg(cfg.model.classes)
    dataset = DATASETS.build(cfg.val_dataloader.dataset)
    samples = [dataset[i] for i in _telling_images(dataset, table, count)]
    figure = Figure(
        figsize=(2.3 * len(samples), 2.3 * len(moments) + 0.7), dpi=110)
    axes = figure.subplots(len(moments), len(samples), squeeze=False)
    for row, moment in zip(axes, moments):
        for axis, sample, found in zip(row, samples,
                                       _predict(moment, samples)):
            _draw(axis, sample, found, table, score_thr)
        row[0].set_ylabel(moment.title, fontsize=12)
    _add_legend(figure, table)
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    FigureCanvasAgg(figure).print_figure(
        str(out), bbox_inches='tight', facecolor='white')
    return Path(out)


def _telling_images(dataset: Any, table: ClassTable, count: int) -> List[int]:
    """The first images that show every split, then any others."""
    wanted = [set(table.labels(split)) for split in SPLITS]
    telling: List[int] = []
    others: List[int] = []
    for index in range(len(dataset)):
        instances = dataset.get_data_info(index)['instances']
        labels = {instance['bbox_label'] for instance in instances}
        hits = all(labels & split for split in wanted if split)
        (telling if hits else others).append(index)
        if len(telling) == count:
            break
    return (telling + others)[:count]


@torch.no_grad()
def _predict(moment: Moment, samples: Sequence[dict]) -> List[Any]:
    model = MODELS.build(moment.cfg.model)
    load_checkpoint(model, moment.checkpoint, map_location='cpu')
    model.eval()
    return [
        result.pred_instances.cpu()
        for result in model.test_step(pseudo_collate(list(samples)))
    ]


def _draw(axis: Any, sample: dict, found: Any, table: ClassTable,
          score_thr: float) -> None:
    """Draw one image and its detections."""
    image = sample['inputs'].permute(1, 2, 0).numpy()[..., ::-1] / 255.
    split_of = {
        label: split
        for split in SPLITS for label in table.labels(split)
    }
    found = found[found.scores >= score_thr]
    for index, label in enumerate(found.labels.tolist()):
        colour = _rgb(COLOURS[split_of[label]])
        if 'masks' in found:
            mask = np.asarray(found.masks[index], bool)
            image[mask] = 0.4 * image[mask] + 0.6 * colour
        x1, y1, x2, y2 = found.bboxes[index].tolist()
        axis.plot([x1, x2, x2, x1, x1], [y1, y1, y2, y2, y1], color=colour)
        axis.text(
            x1, y1 - 2, table.names[label], color='white', fontsize=7,
            bbox=dict(facecolor=colour, edgecolor='none', pad=1))
    axis.imshow(image, interpolation='nearest')
    axis.set_xticks([])
    axis.set_yticks([])


def _add_legend(figure: Any, table: ClassTable) -> None:
    from matplotlib.patches import Patch
    figure.legend(
        handles=[
            Patch(
                color=COLOURS[split],
                label=f'{split}: {", ".join(getattr(table, split))}')
            for split in SPLITS if getattr(table, split)
        ],
        loc='lower center',
        ncol=len(SPLITS),
        frameon=False)


def _rgb(colour: str) -> np.ndarray:
    return np.array([int(colour[i:i + 2], 16) for i in (1, 3, 5)]) / 255.
