"""Refuses what would report something else than the figures of a split."""
from typing import Any, Mapping

from mmengine.evaluator import BaseMetric

from mmswap.tasks.lookup import all_tasks


def check_config(metric: Mapping[str, Any], split: str) -> None:
    """Refuse a metric that reads its ground truth from a file.

    Args:
        metric: The metric's config.
        split: The split it is for.

    Raises:
        ValueError: If the config has an ``ann_file``.
    """
    if metric.get('ann_file') is not None:
        raise ValueError(
            f'val_evaluator.metrics.{split}.ann_file must be left out, got '
            f'{metric["ann_file"]!r}: with it, {metric.get("type")} scores '
            'images that it was never fed and takes labels for positions in '
            'the categories of that file. Without it, the ground truth comes '
            'with the data samples of a mmswap.ClassSubset; metrics='
            '_base_.val_evaluator leaves it out by itself')


def check_metric(metric: Any, split: str) -> None:
    """Refuse a metric that cannot be used by split.

    Args:
        metric: The built metric.
        split: The split it is for, or ``all``.

    Raises:
        TypeError: If ``metric`` is not a ``BaseMetric``, or collects the
            results of ranks in a way of its own.
        ValueError: If there is another metric to be used by split, or its
            settings make it count classes of other splits.
    """
    key = f'val_evaluator.metrics.{split}'
    if not isinstance(metric, BaseMetric):
        raise TypeError(f'{key} must be metrics or their configs, got '
                        f'{metric!r}')
    name = type(metric).__name__
    if type(metric).evaluate is not BaseMetric.evaluate:
        raise TypeError(
            f'{key} must be metrics that leave evaluate() as it is in '
            f'mmengine.evaluator.BaseMetric, got a {name}')
    for task in all_tasks():
        task.check_metric(metric, key, split)


def check_images(images: str) -> None:
    """Refuse another choice of images than the two that there are.

    Args:
        images: ``all`` or ``split``.

    Raises:
        ValueError: If it is neither.
    """
    if images not in ('all', 'split'):
        raise ValueError("val_evaluator.images must be 'all' or 'split', got "
                         f'{images!r}')


def check_labelled(meta: Mapping[str, Any], images: str) -> None:
    """Refuse to count false alarms where classes are not labelled.

    Args:
        meta: The meta information of the data set.
        images: Which images a split is scored on, ``all`` or ``split``.

    Raises:
        ValueError: If it is ``all`` and the data set says that it is not
            labelled with every class (``swap_labelled_in_part``).
    """
    if images == 'all' and meta.get('swap_labelled_in_part'):
        raise ValueError(
            "val_evaluator.images must be 'split' where images are not "
            'labelled with every class of the table (a mmswap.ClassSubset '
            "without keep='all', or one whose data set lacks a class), got "
            "'all': what is predicted of a class on images that are not "
            'labelled with it would count as false')
