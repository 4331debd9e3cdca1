"""IoU of true and predicted instances, by pycocotools."""
from typing import Any, Dict, List, Mapping, Sequence, Tuple, Union

import numpy as np
import torch

Shape = Tuple[int, int]
Rle = Dict[str, Any]


def instance_ious(instances: Sequence[Mapping[str, Any]],
                  ignored: Sequence[bool], predicted: Mapping[str, Any],
                  image_shape: Shape) -> np.ndarray:
    """IoU of each true with each predicted instance.

    It is the masks' where both sides have some, else the boxes'. With an
    ignored instance it is, as COCO has it for crowds, the part of the
    predicted one that is inside.

    Args:
        instances: True instances, as in ``data_info['instances']`` of mmdet.
        ignored: Whether each of them is to be ignored.
        predicted: Predicted ones, with ``bboxes`` (n, 4) in corners and
            perhaps ``masks``, (n, h, w) or a list of RLEs.
        image_shape: Height and width of the masks, in pixels.

    Returns:
        (true instances, predicted instances).
    """
    from pycocotools import mask as mask_utils
    boxes = predicted['bboxes']
    if not len(boxes) or not instances:
        return np.zeros((len(instances), len(boxes)))
    crowd = [int(value) for value in ignored]
    if 'masks' in predicted and all(i.get('mask') for i in instances):
        truth = [_to_rle(i['mask'], image_shape) for i in instances]
        return mask_utils.iou(_to_rles(predicted['masks']), truth, crowd).T
    true_boxes = np.array([i['bbox'] for i in instances], dtype=float)
    return box_ious(boxes.cpu().numpy().astype(float), true_boxes, crowd).T


def box_ious(first: np.ndarray, second: np.ndarray,
             crowd: Sequence[int] = ()) -> np.ndarray:
    """IoU of boxes.

    Args:
        first: Corners, (n, 4).
        second: Corners, (m, 4).
        crowd: For each of ``second`` whether it is a crowd, of which the part
            of the first box that is inside counts. Defaults to none.

    Returns:
        (n, m).
    """
    from pycocotools import mask as mask_utils
    if not len(first) or not len(second):
        return np.zeros((len(first), len(second)))
    return mask_utils.iou(_to_xywh(first), _to_xywh(second),
                          list(crowd) or [0] * len(second))


def _to_xywh(corners: np.ndarray) -> np.ndarray:
    return np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]],
                          axis=1)


def _to_rle(mask: Union[Rle, List[List[float]]], image_shape: Shape) -> Rle:
    """The RLE of polygons, or of an RLE with its counts as numbers."""
    from pycocotools import mask as mask_utils
    if isinstance(mask, list):
        return mask_utils.merge(mask_utils.frPyObjects(mask, *image_shape))
    if isinstance(mask['counts'], list):
        return mask_utils.frPyObjects(mask, *image_shape)
    return mask


def _to_rles(masks: Union[torch.Tensor, List[Rle]]) -> List[Rle]:
    from mmdet.structures.mask import encode_mask_results
    if isinstance(masks, torch.Tensor):
        return encode_mask_results(masks.cpu().numpy())
    return masks
