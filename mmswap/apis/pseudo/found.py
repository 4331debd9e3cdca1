"""The instances that a detector finds in an image."""
from typing import Any, List, NamedTuple

import numpy as np


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


def instances_of(sample: Any) -> Found:
    """What a detector predicts, from the highest score.

    Args:
        sample: A data sample of mmdet, on the CPU.
    """
    instances = sample.pred_instances
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
