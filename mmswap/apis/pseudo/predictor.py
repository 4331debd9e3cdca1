"""A trained stock model that is shown one image at a time."""
from pathlib import Path
from typing import Any, Dict, Iterator, Sequence, Union

import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmengine.device import get_device
from mmengine.model import BaseModel, revert_sync_batchnorm
from mmengine.registry import MODELS, TRANSFORMS
from mmengine.utils import ProgressBar

from mmswap.apis.checkpoint import read_checkpoint
from mmswap.apis.config import model_config, unwrap_pipeline_owner
from mmswap.apis.pseudo.fusion import add_scores
from mmswap.config.types import is_mmswap_type, type_name

# A pipeline of its own is built of the loader's, without what is not there.
_TRUTH = ('LoadAnnotations', 'LoadPanopticAnnotations')
_BESIDE = dict(img_fields=[], bbox_fields=[], seg_fields=[],
               reduce_zero_label=False)


class Predictor:
    """The base model.

    Args:
        cfg: The stock config.
        checkpoint: Its checkpoint.
        trust: Unpickle whatever is in it. That can run any code.

    Attributes:
        model: The model, in eval mode.
        device: Where it is.
        classes: The names of its classes, by label; None where the checkpoint
            does not say them.
        has_queries: Whether it classifies queries and not pixels.
        num_things: How many of its classes are things, for one that predicts
            panoptic segments; None for any other.

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
        model: BaseModel = MODELS.build(model_config(cfg))
        try:
            model.load_state_dict(dict(loaded['state_dict']))
        except RuntimeError as error:
            raise ValueError(
                'CHECKPOINT must be one of the model of CONFIG, got '
                f'{checkpoint}: {error}') from error
        self.device = get_device()
        self.model = revert_sync_batchnorm(model).to(self.device).eval()
        self.num_things = add_scores(self.model)
        self.has_queries = any(
            hasattr(module, 'num_queries') for module in model.modules())
        owner = unwrap_pipeline_owner(cfg.val_dataloader.dataset)
        self._pipeline = Compose([
            TRANSFORMS.build(step) for step in owner.pipeline
            if type_name(step.get('type')) not in _TRUTH
        ])
        meta = (loaded.get('meta') or {}).get('dataset_meta') or {}
        classes = meta.get('classes') or meta.get('CLASSES')
        self.classes = tuple(classes) if classes else None

    @torch.no_grad()
    def predict(self, paths: Sequence[Union[str, Path]]) -> Iterator[Any]:
        """Show the model images, one by one.

        Args:
            paths: The image files.

        Returns:
            The data sample of each, on the CPU.
        """
        bar = ProgressBar(len(paths))
        for number, path in enumerate(paths):
            data: Dict[str, Any] = self._pipeline(
                dict(_BESIDE, img_path=str(path), img_id=number))
            # Classifiers stack their inputs, the others take lists.
            data = pseudo_collate([data])
            yield self.model.test_step(data)[0].cpu()
            bar.update()
        print()
