"""Labels of the base model's classes, for whatever task it is for."""
from pathlib import Path
from typing import Callable, Dict, Optional

from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmswap.apis.pseudo.base import PathLike, PseudoLabels, read_base
from mmswap.apis.pseudo.folders import label_folders
from mmswap.apis.pseudo.instances import label_instances
from mmswap.apis.pseudo.maps import label_maps
from mmswap.apis.pseudo.panoptic import label_panoptic
from mmswap.apis.pseudo.selection import PseudoSettings

_LABELLERS: Dict[str, Callable[..., PseudoLabels]] = dict(
    mmdet=label_instances, mmseg=label_maps, mmpretrain=label_folders)


def pseudo_label(config: PathLike,
                 checkpoint: PathLike,
                 images: PathLike,
                 out: PathLike,
                 ann: Optional[PathLike] = None,
                 settings: PseudoSettings = PseudoSettings(),  # noqa: B008
                 trust: bool = False) -> PseudoLabels:
    """Let the base model label its classes in images.

    Args:
        config: The stock config that it was trained with.
        checkpoint: Its checkpoint.
        images: Folder of the images.
        out: What to write: of mmdet's models a COCO json, of what ``ann`` has
            and of the model's labels, which have ``score`` and ``pseudo``
            too, and of panoptic ones a folder of maps beside it; of mmseg's a
            folder of maps; of mmpretrain's a folder with a folder of links to
            images for each class.
        ann: What a person labelled in them: a COCO json, or a folder of maps.
            None for all images below the folder, unlabelled.
        settings: See :class:`PseudoSettings`.
        trust: Unpickle whatever is in the checkpoint. That can run any code.

    Returns:
        What was written.

    Raises:
        FileNotFoundError: If a file is not there.
        ValueError: If a setting is out of range or not one for this task, the
            model is none that can be asked, or no image is left.
    """
    settings.check()
    cfg = Config.fromfile(str(config))
    scope = cfg.get('default_scope')
    if scope not in _LABELLERS:
        raise ValueError(f'default_scope of CONFIG must be one of '
                         f'{list(_LABELLERS)}, got {scope!r} in {config}')
    with DefaultScope.overwrite_default_scope(scope):
        base = read_base(cfg, checkpoint, trust)
        base.check(settings.showing, '--showing')
        base.check(settings.unlabelled, '--unlabelled')
        label = _LABELLERS[scope]
        if base.predictor.num_things is not None:
            label = label_panoptic
        elif settings.maps is not None:
            raise ValueError('--maps must be left out but for a panoptic '
                             f'model, got {settings.maps}')
        return label(base, Path(images), Path(out),
                     None if ann is None else Path(ann), settings)
