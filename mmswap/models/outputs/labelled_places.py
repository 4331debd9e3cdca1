"""Where the labels of a batch say that there is something of some classes."""
from typing import Any, Sequence, Tuple

import torch
from mmengine.structures import BaseDataElement
from torch import Tensor
from torch.nn import functional as F


def labelled_places(samples: Sequence[Any], labels: Sequence[int],
                    logits: Tensor, size: Tuple[int, int]) -> Tensor:
    """The places that a label gives to one of some classes.

    At the positions of maps, those within a box of one of the classes, or
    where the semantic map says so. Elsewhere, as with queries, whose places
    are not known, all of an image that shows one of the classes. Does not
    wait for the GPU.

    Args:
        samples: The images' data samples, or a tensor of their labels.
        labels: The classes.
        logits: What is said of the places, (B, ..., C).
        size: Height and width of the images, in pixels.

    Returns:
        1 where there is one and else 0, of shape (B, ...).
    """
    wanted = torch.tensor(list(labels), device=logits.device)
    shape = logits.shape[1:-1]
    found = [_in_image(sample, wanted, shape, size) for sample in samples]
    return torch.stack(found).to(logits.dtype)


def _in_image(sample: Any, wanted: Tensor, shape: Sequence[int],
              size: Tuple[int, int]) -> Tensor:
    truth: Any = sample if isinstance(sample, BaseDataElement) else {}
    is_map = len(shape) == 2
    if 'gt_instances' in truth:
        instances = truth.gt_instances
        ours = torch.isin(instances.labels, wanted)
        if is_map and 'bboxes' in instances:
            boxes = getattr(instances.bboxes, 'tensor', instances.bboxes)
            inside = _in_boxes(boxes, shape, size)
            return (inside & ours[:, None, None]).any(0)
    elif 'gt_sem_seg' in truth:
        labels = truth.gt_sem_seg.data
        if is_map:
            labels = F.interpolate(
                labels[None].float(), size=tuple(shape), mode='nearest')[0]
            return torch.isin(labels[0].long(), wanted)
        ours = torch.isin(labels, wanted)
    else:
        ours = torch.isin(getattr(sample, 'gt_label', sample), wanted)
    return ours.any().expand(tuple(shape))


def _in_boxes(boxes: Tensor, shape: Sequence[int],
              size: Tuple[int, int]) -> Tensor:
    """Whether the middle of each position lies in each box, (N, H, W)."""
    rows, columns = ((torch.arange(number, device=boxes.device) + .5) *
                     (side / number) for number, side in zip(shape, size))
    left, top, right, bottom = boxes[:, :4, None, None].unbind(1)
    down, across = rows[None, :, None], columns[None, None]
    return (left <= across) & (across <= right) & (top <= down) & (
        down <= bottom)
