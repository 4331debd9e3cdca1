"""Classified objects, as rows of features and logits.

Pure functions behind :class:`~mmswap.models.outputs.observer.Observer`. None
of them waits for the GPU, but for those that return a bool.
"""
import functools
import re
from typing import Dict, List, Sequence, Tuple

import torch
from torch import Tensor
from torch.nn import functional as F

# How the libraries name the losses of outputs that are thrown away after
# training: 'd0.loss_cls', 'dn_loss_cls', 'enc_loss_cls', 'aux_1.loss_ce'.
_AUXILIARY = re.compile(r'(^|[._])(d\d+|dn|enc|aux)(?![a-z])')
# The path of a head in a list of heads, as a cascade has them.
_LISTED = re.compile(r'(.*)\.(\d+)$')


@functools.lru_cache(maxsize=None)
def is_auxiliary(key: str) -> bool:
    """Whether a key of a loss dict belongs to an auxiliary output."""
    return _AUXILIARY.search(key) is not None


def last_heads(paths: List[str]) -> List[str]:
    """Leave out the earlier heads of a cascade.

    Args:
        paths: Paths of modules, such as ``'roi_head.bbox_head.0'``.

    Returns:
        The paths, of those in one list only the last.
    """
    last: Dict[str, Tuple[int, str]] = {}
    for path in paths:
        listed = _LISTED.match(path)
        name, index = (listed[1], int(listed[2])) if listed else (path, -1)
        if index >= last.get(name, (-1, ''))[0]:
            last[name] = (index, path)
    return [path for _, path in last.values()]


def comparable(values: Tensor) -> Tensor:
    """Values that are equal where the given ones are, NaN included.

    A step whose logits overflowed is for the gradient scaler to skip.
    """
    return torch.nan_to_num(values.detach().float())


def _row_keys(rows: Tensor) -> Tensor:
    """One int64 a row, equal for equal rows; shape (M, C) to (M,).

    The weighted sum of the values' bits, modulo 2**64.
    """
    # -0. becomes 0.
    bits = (comparable(rows) + 0.).contiguous().view(torch.int32).long()
    mix = torch.arange(1, rows.shape[1] + 1, device=rows.device)
    # splitmix64, so that the weights have nothing to do with each other.
    mix = mix * -7046029254386353131
    mix = (mix ^ (mix >> 30)) * -4658895280553007687
    mix = (mix ^ (mix >> 27)) * -7723592293110705685
    return (bits * (mix | 1)).sum(1)


def find_rows(rows: Tensor, table: Tensor) -> Tensor:
    """Find rows by their values.

    The k-th of some equal rows is found at the k-th of the equal places, and
    where there are fewer places they are counted over again.

    Args:
        rows: What to look for, shape (M, C).
        table: Where to look, shape (T, C).

    Returns:
        An index into ``table`` for each row, -1 where it is not there; int64
        of shape (M,).
    """
    return _find_keys(_row_keys(rows), _row_keys(table))


def _find_keys(keys: Tensor, table: Tensor) -> Tensor:
    if not len(table):
        return torch.full_like(keys, -1)
    order = keys.argsort(stable=True)
    places = table.argsort(stable=True)
    keys, table = keys[order], table[places]
    first = torch.searchsorted(table, keys)
    count = torch.searchsorted(table, keys, right=True) - first
    rank = torch.arange(
        len(keys), device=keys.device) - torch.searchsorted(keys, keys)
    at = first + rank % count.clamp(min=1)
    found = torch.where(count > 0, places[at.clamp(max=len(table) - 1)], -1)
    return torch.empty_like(found).scatter(0, order, found)


def match_rows(rows: Tensor, outputs: Sequence[Tensor]) -> Tensor:
    """Find rows of logits among the outputs of layers.

    Where the rows are all the rows of the last calls, level by level or image
    by image, as dense heads gather them, each is found where it stands, also
    if another is equal. Otherwise see :func:`find_rows`; the last call goes
    first, as what a model predicts with is what it computes last.

    Args:
        rows: Shape (M, C).
        outputs: Shape (..., C) each, in the order of the calls.

    Returns:
        An index into all rows of the outputs, in the order of the calls, for
        each row; -1 where it is not there; int64 of shape (M,).
    """
    keys = _row_keys(rows)
    parts = [_row_keys(output.flatten(0, -2)) for output in outputs]
    sizes = [len(part) for part in parts]
    indices = list(
        torch.arange(sum(sizes), device=rows.device).split(sizes))
    found = _find_keys(keys, torch.cat(parts[::-1]))
    found = torch.where(found < 0, found,
                        torch.cat(indices[::-1])[found.clamp(min=0)])
    table = torch.cat(parts)
    for order in _gathered(outputs, indices, len(rows)):
        found = torch.where((table[order] == keys).all(), order, found)
    return found


def _gathered(outputs: Sequence[Tensor], indices: Sequence[Tensor],
              size: int) -> List[Tensor]:
    """The ways in which a head gathers ``size`` rows of its last calls."""
    last = len(outputs)
    while size > 0 and last:
        last -= 1
        size -= len(indices[last])
    if size or last == len(outputs):
        return []
    orders = [torch.cat(list(indices[last:]))]
    batch = {len(output) for output in outputs[last:]}
    if len(batch) == 1 and outputs[-1].dim() > 2:
        by_image = [index.view(len(outputs[-1]), -1)
                    for index in indices[last:]]
        orders.append(torch.cat(by_image, 1).flatten())
    return orders


def share_memory(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are the same values in the same order of memory."""
    return (one.dtype == other.dtype and one.data_ptr() == other.data_ptr()
            and one.numel() == other.numel() and one.is_contiguous()
            and other.is_contiguous())


def differ_by_margin(logits: Tensor, output: Tensor, labels: Tensor) -> bool:
    """Whether logits are a layer's output but for the labels' and a scale.

    Args:
        logits: Shape (M, C).
        output: Shape (M, C).
        labels: Which logit of each row may be another, shape (M,).
    """
    rest = [
        comparable(values).scatter(1, labels[:, None], 0.)
        for values in (logits, output)
    ]
    alike = F.cosine_similarity(rest[0], rest[1])
    return bool((alike > 1 - 1e-4).all())


def are_enlarged(logits: Tensor, output: Tensor) -> bool:
    """Whether logits are a layer's output, enlarged or as it is.

    Bilinear enlarging, with aligned corners or without, leaves the first
    pixel of each map as it is.

    Args:
        logits: Shape (B, C, H, W).
        output: Shape (B, h, w, C).
    """
    first = output[:, 0, 0]
    return (logits.shape[:2] == first.shape
            and logits.shape[2] >= output.shape[1]
            and torch.equal(comparable(logits[..., 0, 0]), comparable(first)))


def pool_by_class(maps: Sequence[Tensor], labels: Tensor,
                  num_classes: int) -> Tuple[List[Tensor], Tensor]:
    """The means over the pixels of each class in each image.

    Args:
        maps: Features and logits of pixels, each of shape (B, h, w, D).
        labels: Class table labels, int64 of shape (B, H, W), taken to h x w
            by nearest. Others than 0 to ``num_classes`` - 1, such as 255, are
            left out.
        num_classes: K + N.

    Returns:
        For each of ``maps`` float32 of shape (B * num_classes, D), and the
        labels, int64 of shape (B * num_classes,): a row for each image and
        class, with the label -1 where the class is not in the image. A class
        whose pixels all fall between those of a small map is not in it.
    """
    labels = F.interpolate(
        labels[:, None].double(), size=maps[0].shape[1:3],
        mode='nearest')[:, 0].long()
    inside = (labels >= 0) & (labels < num_classes)
    images = torch.arange(len(labels), device=labels.device)[:, None, None]
    # One slot for each image and class, and a last one for all other pixels.
    last = len(labels) * num_classes
    slots = torch.where(inside, images * num_classes + labels, last).flatten()
    ones = torch.ones_like(slots, dtype=torch.float)
    counts = ones.new_zeros(last + 1).index_add(0, slots, ones)[:last, None]
    pooled = []
    for each in maps:
        rows = each.flatten(0, 2).float()
        sums = rows.new_zeros(last + 1, rows.shape[1]).index_add(
            0, slots, rows)
        pooled.append(sums[:last] / counts.clamp(min=1))
    classes = torch.arange(last, device=labels.device) % num_classes
    return pooled, torch.where(counts[:, 0] > 0, classes, -1)
