"""The base model, its classes, and the images that it is validated on."""
from pathlib import Path
from typing import Any, Dict, NamedTuple, Optional, Sequence, Tuple, Union

import numpy as np
from mmengine.config import Config
from mmengine.registry import DATASETS

from mmswap.apis.config import unwrap_pipeline_owner
from mmswap.apis.pseudo.predictor import Predictor
from mmswap.apis.pseudo.thresholds import Thresholds
from mmswap.config.types import walk

PathLike = Union[str, Path]


class Base(NamedTuple):
    """A base model.

    Attributes:
        cfg: The stock config that it was trained with.
        predictor: The model.
        labelled: The images to validate on; None if they are not there.
        classes: Names of its classes, by label.
    """

    cfg: Config
    predictor: Predictor
    labelled: Any
    classes: Tuple[str, ...]

    def some(self, count: int) -> Any:
        """Evenly spread ones of the images to validate on.

        Args:
            count: How many, at most.

        Returns:
            Their data infos.
        """
        count = min(count, len(self.labelled))
        which = np.linspace(0, len(self.labelled) - 1, count).round()
        return [self.labelled.get_data_info(int(i)) for i in which]

    def loads_masks(self) -> bool:
        """Whether the pipeline to train on loads masks.

        Even where the model makes no use of them, it fails where an
        annotation has none.
        """
        return any(path.endswith('with_mask') and value for path, value in
                   walk(self.cfg.train_dataloader.to_dict()))

    def check(self, names: Sequence[str], option: str) -> None:
        """Refuse names that the model does not know.

        Args:
            names: The names.
            option: Where they come from.

        Raises:
            ValueError: If one is unknown.
        """
        unknown = [name for name in names if name not in self.classes]
        if unknown:
            raise ValueError(f'{option} must name classes of the model, '
                             f'{list(self.classes)}, got {unknown}')


class PseudoLabels(NamedTuple):
    """What was written.

    Attributes:
        out: The annotation file, or the folder of maps or images.
        sheet: The contact sheet; None where there is none.
        classes: Names of the base model's classes.
        thresholds: Of each.
        certain: How many objects, pixels or images of each class were added,
            by name.
        uncertain: How many more were marked as ignored, by name.
        images: How many images there are.
    """

    out: Path
    sheet: Optional[Path]
    classes: Tuple[str, ...]
    thresholds: Thresholds
    certain: Dict[str, int]
    uncertain: Dict[str, int]
    images: int


def read_base(cfg: Config, checkpoint: PathLike, trust: bool) -> Base:
    """Read the base model.

    Args:
        cfg: The stock config.
        checkpoint: The checkpoint.
        trust: Unpickle whatever is in it. That can run any code.

    Raises:
        FileNotFoundError: If the checkpoint is not there.
        ValueError: If it is not one of the model, or nothing names its
            classes.
    """
    predictor = Predictor(cfg, checkpoint, trust)
    dataset = unwrap_pipeline_owner(cfg.val_dataloader.dataset).to_dict()
    try:
        labelled = DATASETS.build(dict(dataset, pipeline=[]))
        labelled = labelled if len(labelled) else None
    except (OSError, KeyError, ValueError):
        labelled = None
    classes = predictor.classes
    if classes is None and labelled is not None:
        classes = tuple(labelled.metainfo.get('classes') or ())
    if not classes:
        raise ValueError(
            'CHECKPOINT must name the classes of the model (meta.dataset_meta'
            '.classes), or val_dataloader.dataset of CONFIG be there to name '
            'them, got neither')
    return Base(cfg, predictor, labelled, classes)
