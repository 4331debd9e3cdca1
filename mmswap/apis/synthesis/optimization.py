"""Images that are optimized until a detector finds given objects in them."""
import math
from contextlib import contextmanager
from typing import Any, Iterator, List, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.model import BaseModel
from mmengine.structures import InstanceData
from torch import Tensor, nn

from mmswap.apis.synthesis.natural import BatchStatistics, roughness
from mmswap.apis.synthesis.scenes import Scene
from mmswap.apis.synthesis.settings import STRIDE
from mmswap.models.outputs.at_rest import at_rest

# Measured: levels of grey a step of Adam, and the weight of the statistics.
# At the whole size the image is refined, with half the rate.
_RATE = 4.
_STATISTICS = 10.
# Shifts of up to this part of the side, so that what is found does not hang
# on single pixels.
_SHIFT = 16


class SceneOptimizer:
    """Optimizes images for scenes.

    It minimizes the detector's own loss on the objects, the distance from the
    statistics of its BatchNorm layers, and the roughness, at half the size
    and then at the whole size, as DIODE does for YOLOv3 (Chawla et al., WACV
    2021).

    Args:
        model: A detector of mmdet. It is as it was once an image is done.

    Raises:
        ValueError: If it has no BatchNorm.
    """

    def __init__(self, model: BaseModel) -> None:
        self._model = model
        self._statistics = BatchStatistics(model)

    def optimize(self, start: Tensor, scenes: Sequence[Scene],
                 steps: int, rng: np.random.Generator) -> Tensor:
        """Make images of scenes.

        Args:
            start: What the images begin as, in the order of channels that
                data sets load, levels of grey from 0 to 255, (B, 3, S, S).
            scenes: B of them.
            steps: At half the size; a quarter as many follow.
            rng: Where chance comes from.

        Returns:
            The images, as ``start``.
        """
        size = start.shape[-1]
        half = math.ceil(size / 2 / STRIDE) * STRIDE
        images = start
        with at_rest(self._model), _without_gradients(self._model), \
                self._statistics.watching():
            for side, rate, count in ((half, _RATE, steps),
                                      (size, _RATE / 2, steps // 4)):
                images = F.interpolate(
                    images, (side, side), mode='bilinear', antialias=True,
                    align_corners=False).detach().requires_grad_()
                self._descend(images, scenes, rate, count, rng)
        return images.detach()

    def _descend(self, images: Tensor, scenes: Sequence[Scene], rate: float,
                 steps: int, rng: np.random.Generator) -> None:
        # The second moment forgets sooner than by default: steps are few.
        optimizer = torch.optim.Adam([images], lr=rate, betas=(.9, .99))
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
        side = images.shape[-1]
        most = side // _SHIFT
        for _ in range(steps):
            shift = rng.integers(-most, most + 1, 2).tolist()
            flip = bool(rng.integers(2))
            shown = torch.roll(images, shift[::-1], (2, 3))
            shown = shown.flip(3) if flip else shown
            loss = (self._task_loss(shown, scenes, shift, flip)
                    + _STATISTICS * self._statistics.distance()
                    + roughness(shown))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            with torch.no_grad():
                images.clamp_(0, 255)

    def _task_loss(self, images: Tensor, scenes: Sequence[Scene],
                   shift: List[int], flip: bool) -> Tensor:
        samples = [_sample(scene, images.shape[-1], shift, flip)
                   for scene in scenes]
        data = self._model.data_preprocessor(
            dict(inputs=list(images), data_samples=samples))
        losses = self._model(**data, mode='loss')
        return self._model.parse_losses(losses)[0]


def _sample(scene: Scene, side: int, shift: List[int], flip: bool) -> Any:
    """A data sample with the objects of a scene, moved as its image is."""
    from mmdet.structures import DetDataSample
    boxes = torch.as_tensor(scene.boxes, dtype=torch.float32) * side
    boxes = boxes + torch.tensor([*shift, *shift])
    if flip:
        left, top, right, bottom = boxes.unbind(1)
        boxes = torch.stack([side - right, top, side - left, bottom], 1)
    shape = (side, side)
    sample = DetDataSample(metainfo=dict(
        img_shape=shape, ori_shape=shape, scale_factor=(1., 1.)))
    sample.gt_instances = InstanceData(
        bboxes=boxes.clamp(0, side), labels=torch.as_tensor(scene.labels))
    return sample


@contextmanager
def _without_gradients(model: nn.Module) -> Iterator[None]:
    """Meanwhile no weight has a gradient.

    Args:
        model: The model.
    """
    trained = {p: p.requires_grad for p in model.parameters()}
    try:
        model.requires_grad_(False)
        yield
    finally:
        for parameter, wanted in trained.items():
            parameter.requires_grad_(wanted)
