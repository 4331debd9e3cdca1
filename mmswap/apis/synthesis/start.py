"""What synthesized images begin as."""
from pathlib import Path
from typing import Sequence

import cv2
import mmcv
import numpy as np
import torch
from torch import Tensor

# The side of a crop, as a part of the shorter side of its image.
_SMALLEST = .3
# The standard deviation of the blur, as a part of the side: what the crop
# shows cannot be told any more, and light and colours are natural.
_BLUR = .03


def draw_start(paths: Sequence[Path], size: int,
               rng: np.random.Generator) -> Tensor:
    """A crop of one of some images, blurred.

    Args:
        paths: The images.
        size: Its side, in pixels.
        rng: Where chance comes from.

    Returns:
        In the order blue, green, red, as data sets load images, (3, S, S).
    """
    image = mmcv.imread(str(paths[int(rng.integers(len(paths)))]))
    height, width = image.shape[:2]
    side = rng.uniform(_SMALLEST, 1) * min(height, width)
    left, top = rng.uniform(0, width - side), rng.uniform(0, height - side)
    crop = mmcv.imcrop(
        image, np.array([left, top, left + side - 1, top + side - 1]))
    crop = mmcv.imresize(crop, (size, size))
    crop = cv2.GaussianBlur(crop, (0, 0), _BLUR * size)
    if rng.integers(2):
        crop = mmcv.imflip(crop)
    return torch.from_numpy(crop.copy()).permute(2, 0, 1).float()
