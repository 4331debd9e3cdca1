"""A trained stock model that is shown one image at a time."""
from pathlib import Path
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.device import get_device
from mmengine.model import revert_sync_batchnorm
from mmengine.registry import MODELS, TRANSFORMS

from mmswap.apis.checkpoint import read_checkpoint
from mmswap.apis.config import unwrap_pipeline_owner
from mmswap.config.types import is_mmswap_type, type_name

# A pipeline of its own is built of the loader's, without what is not there.
_TRUTH = ('LoadAnnotations', 'LoadPanopticAnnotations')


class Found(NamedTuple):
    """What a model finds in an image.

    Attributes:
        boxes: Corners in pixels of the image, (n, 4).
        labels: (n, ).
        scores: (n, ), from the highest.
        masks: RLEs of pycocotools, n of them; None of a model without masks.
        size: Height and width of the image.
    """

    boxes: np.ndarray
    labels: np.ndarray
    scores: np.ndarray
    masks: Any
    size: Any

    def take(self, which: Any) -> 'Found':
        """Some of them.

        Args:
            which: Indices, or a mask of the same length.
        """
        index = np.atleast_1d(np.arange(len(self.labels))[which])
        masks = None if self.masks is None else [self.masks[i] for i in index]
        return Found(self.boxes[index], self.labels[index],
                     self.scores[index], masks, self.size)


class Predictor:
    """The base model.

    Args:
        cfg: The stock config, of a detector of mmdet.
        checkpoint: Its checkpoint.
        trust: Unpickle whatever is in it. That can run any code.

    Attributes:
        classes: The names of its classes, by label; None where neither the
            checkpoint nor the config says them.

    Raises:
        FileNotFoundError: If the checkpoint is not there.
        ValueError: If it is not one of the model, or the config is one of a
            phase.
    """

    def __init__(self, cfg: Config, checkpoint: Union[str, Path],
                 trust: bool = False) -> None:
        if is_mmswap_type(cfg.get('model'), 'SwapModel'):
            raise ValueError(
                'CONFIG must be the config that the base model was trained '
                'with, got that of a phase, whose model is a SwapModel; '
                '`mmswap merge` writes the stock config of its result')
        loaded = read_checkpoint(checkpoint, trust)
        model = MODELS.build(cfg.model)
        try:
            model.load_state_dict(dict(loaded['state_dict']))
        except RuntimeError as error:
            raise ValueError(
                'CHECKPOINT must be one of the model of CONFIG, got '
                f'{checkpoint}: {error}') from error
        self._device = get_device()
        self._model = revert_sync_batchnorm(model).to(self._device).eval()
        owner = unwrap_pipeline_owner(cfg.val_dataloader.dataset)
        self._pipeline = Compose([
            TRANSFORMS.build(step) for step in owner.pipeline
            if type_name(step.get('type')) not in _TRUTH
        ])
        meta = (loaded.get('meta') or {}).get('dataset_meta') or {}
        classes = meta.get('classes') or meta.get('CLASSES')
        self.classes = tuple(classes) if classes else None

    @torch.no_grad()
    def find(self, paths: Sequence[Union[str, Path]]) -> Iterator[Found]:
        """Show the model images, one by one.

        Args:
            paths: The image files.
        """
        for number, path in enumerate(paths):
            data: Dict[str, Any] = self._pipeline(
                dict(img_path=str(path), img_id=number))
            sample = self._model.test_step(pseudo_collate([data]))[0]
            yield _found(sample)


def _found(sample: Any) -> Found:
    instances = sample.pred_instances.cpu()
    order = np.argsort(-instances.scores.numpy(), kind='stable')
    masks: List[Any] = []
    if 'masks' in instances:
        from mmdet.structures.mask import encode_mask_results
        masks = encode_mask_results(instances.masks.numpy())
    found = Found(instances.bboxes.numpy(), instances.labels.numpy(),
                  instances.scores.numpy(),
                  masks if 'masks' in instances else None,
                  tuple(sample.ori_shape[:2]))
    return found.take(order)
