"""Classified objects, as rows of features and logits.

Pure functions behind :class:`~mmswap.models.observe.Observer`.
"""
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


def class_nll(logits: Tensor, sigmoid: bool) -> Tensor:
    """Minus the log of the probability of each class, in nats.

    Args:
        logits: Shape (..., C).
        sigmoid: Whether each class has a probability of its own, as with the
            focal loss, or all of them one distribution.

    Returns:
        float32 of the same shape.
    """
    if sigmoid:
        return F.softplus(-logits.float())
    return -F.log_softmax(logits.float(), -1)


def no_object_nll(logits: Tensor, sigmoid: bool,
                     num_classes: int) -> Tensor:
    """Minus the log of the probability of no class, in nats.

    Args:
        logits: Shape (M, C).
        sigmoid: See :func:`class_nll`. No class is then none of all.
        num_classes: K + N. Without sigmoid, no class is the output behind
            these.

    Returns:
        float32 of shape (M,), NaN where the outputs are the classes' alone.
    """
    if sigmoid:
        return F.softplus(logits[:, :num_classes].float()).sum(-1)
    if logits.shape[1] == num_classes:
        return logits.new_full((len(logits), ), float('nan')).float()
    return class_nll(logits, sigmoid)[:, -1]


def find_rows(rows: Tensor, table: Tensor) -> Tensor:
    """Find rows by their values.

    Only pairs whose first values agree are compared in full, so the cost is
    that of one (M, T) comparison.

    Args:
        rows: What to look for, shape (M, D).
        table: Where to look, shape (T, D).

    Returns:
        An index into ``table`` for each row, -1 where it is not there; int64
        of shape (M,).
    """
    rows, table = comparable(rows), comparable(table)
    found = rows.new_full((len(rows), ), -1, dtype=torch.long)
    row, place = (rows[:, None, 0] == table[None, :, 0]).nonzero(
        as_tuple=True)
    same = (rows[row] == table[place]).all(1)
    found[row[same]] = place[same]
    return found


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
        For each of ``maps`` float32 of shape (M, D), and the labels, int64 of
        shape (M,): a row for each image and class in it. A class whose pixels
        all fall between those of a small map is not in it.
    """
    labels = F.interpolate(
        labels[:, None].double(), size=maps[0].shape[1:3],
        mode='nearest')[:, 0].long()
    inside = (labels >= 0) & (labels < num_classes)
    images = torch.arange(len(labels), device=labels.device)[:, None, None]
    # One slot for each image and class, and a last one for all other pixels.
    last = len(labels) * num_classes
    slots = torch.where(inside, images * num_classes + labels, last).flatten()
    counts = torch.bincount(slots, minlength=last + 1)
    held = counts[:last].nonzero()[:, 0]
    pooled = []
    for each in maps:
        rows = each.flatten(0, 2).float()
        sums = rows.new_zeros(last + 1, rows.shape[1]).index_add(
            0, slots, rows)
        pooled.append(sums[held] / counts[held, None])
    return pooled, held % num_classes
