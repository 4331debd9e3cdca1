"""Refuses what would report something else than the figures of a split."""
from typing import Any, Mapping

from mmengine.evaluator import BaseMetric

from mmswap.class_table import ClassTable
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


def check_found(found: Mapping[str, Any]) -> None:
    """Refuse a wrong rule of when an object counts as found.

    Args:
        found: Some of ``min_iou``, ``min_score`` and ``background``.

    Raises:
        TypeError: If it is no dict.
        ValueError: If it has another key, or a limit that everything or
            nothing meets.
    """
    known = ('min_iou', 'min_score', 'background')
    if not isinstance(found, Mapping):
        raise TypeError(f'val_evaluator.found must be a dict of some of '
                        f'{known}, got {found!r}')
    if not set(found) <= set(known):
        raise ValueError(f'val_evaluator.found must have some of the keys '
                         f'{known}, got {list(found)}')
    for key in ('min_iou', 'min_score'):
        value = found.get(key, 1)
        if isinstance(value, bool) or not isinstance(
                value, (int, float)) or not 0 <= value <= 1:
            raise ValueError(f'val_evaluator.found.{key} must be a number '
                             f'from 0 to 1, got {value!r}')
    if found.get('min_iou') == 0:
        raise ValueError('val_evaluator.found.min_iou must be above 0, or '
                         'what is elsewhere would find an object, got 0')


def check_distinct(results: Mapping[str, float],
                   called: Mapping[str, float]) -> None:
    """Refuse a metric that has a name of what is told of objects.

    Args:
        results: What the metrics of all splits gave.
        called: What is told of what objects are called.

    Raises:
        ValueError: If a name is in both.
    """
    both = sorted(set(results) & set(called))
    if both:
        raise ValueError(
            'val_evaluator.metrics must have a prefix of their own where '
            f'SwapEvaluator itself reports such names, got {both}')


def table_of_data(meta: Mapping[str, Any]) -> ClassTable:
    """The class table that a data set tells.

    Args:
        meta: The meta information of the data set.

    Raises:
        ValueError: If it tells none.
    """
    if 'swap_classes' not in meta:
        raise ValueError(
            'val_evaluator.classes must be a dict(base=..., learn=..., '
            'forget=...) where the data set does not tell its splits '
            "('swap_classes' in its metainfo, which mmswap.ClassSubset "
            f'writes), got None and a metainfo with {sorted(meta)}')
    return ClassTable.from_cfg(meta['swap_classes'])


def check_classes(meta: Mapping[str, Any], table: ClassTable) -> None:
    """Refuse a data set that has other classes than the class table.

    Args:
        meta: The meta information of the data set; without ``classes`` it
            does not tell.
        table: The class table.

    Raises:
        ValueError: If its classes are others, or in another order.
    """
    names = meta.get('classes')
    if names is not None and tuple(names) != table.names:
        raise ValueError(
            'val_dataloader.dataset must have the classes of the class '
            f'table, in its order: {list(table.names)}, got {list(names)}; '
            "mmswap.ClassSubset with keep='all' maps the labels of any data "
            'set')


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
