"""Ignored objects are neither objects nor background."""
from typing import Any, Dict, Sequence

import numpy as np
from mmcv.transforms import BaseTransform

from mmswap.registry import TRANSFORMS


@TRANSFORMS.register_module()
class EraseIgnored(BaseTransform):
    """Fills the boxes of ignored objects with one colour.

    Crowds, difficult objects and uncertain pseudo-labels are ignored: nobody
    says whether they are objects. Only heads whose assigner has an
    ``ignore_iof_thr`` mind that; to the others, YOLOX, RTMDet, FCOS and the
    DETRs among them, such an object is background, and a model that is
    trained with it unlearns what it looks like. It stands behind
    ``LoadAnnotations``, in front of what moves boxes. What lies in the box of
    another object stays.

    Args:
        fill: The colour, in the order of the channels of the image, 0-255.
            Defaults to 114, YOLOX's padding.
    """

    def __init__(self, fill: Sequence[float] = (114., 114., 114.)) -> None:
        self.fill = tuple(fill)

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Fill the boxes.

        Args:
            results: Has ``img``, ``gt_bboxes`` and ``gt_ignore_flags``.

        Returns:
            The same with another ``img``, where an object is ignored.
        """
        ignored = np.asarray(results['gt_ignore_flags'], dtype=bool)
        if not ignored.any():
            return results
        image = results['img'].copy()
        boxes = results['gt_bboxes']
        corners = getattr(boxes, 'tensor', boxes)
        erased = np.zeros(image.shape[:2], dtype=bool)
        for value in (True, False):
            for left, top, right, bottom in np.asarray(
                    corners)[ignored == value].round().astype(int).tolist():
                erased[max(top, 0):bottom, max(left, 0):right] = value
        image[erased] = self.fill
        return dict(results, img=image)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(fill={self.fill})'
