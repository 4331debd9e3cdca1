"""Which registered task a data set, a data sample or a config is of."""
from typing import Iterator, Optional, Tuple

from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric

from mmswap.class_table import ClassTable
from mmswap.registry import TASKS
from mmswap.tasks.base import Task
from mmswap.tasks.base_labels import BaseLabels
from mmswap.tasks.base_samples import BaseSamples, Sample
from mmswap.tasks.label_names import data_source


def all_tasks() -> Iterator[Task]:
    """The registered tasks, the last one first."""
    TASKS.import_from_location()
    for task in reversed(list(TASKS.module_dict.values())):
        yield task()


def task_of_scope(scope: Optional[str]) -> Optional[Task]:
    """Find a task of the library with a default scope.

    Args:
        scope: A config's ``default_scope``.

    Returns:
        One of its tasks, as all of a library say the same of its tools; None
        if there is none.
    """
    return next((task for task in all_tasks() if task.scope == scope), None)


def task_of_dataset(dataset: BaseDataset) -> Task:
    """Find a task of the library that a data set's type comes from.

    Args:
        dataset: A data set, also of a type derived from one of a library.

    Returns:
        One of its tasks; one that does nothing of its own where the type is
        of no library that has tasks.
    """
    roots = [kind.__module__.split('.')[0] for kind in type(dataset).__mro__]
    return next((task for task in all_tasks() if task.scope in roots), Task())


def primary_metrics() -> Tuple[str, ...]:
    """Names of the metrics that may stand for the accuracy of a split.

    Returns:
        Those of all tasks, the first registered first. The first that a split
        has stands for it.
    """
    tasks = reversed(list(all_tasks()))
    return tuple(name for task in tasks for name in task.primary_metrics)


def read_labels(dataset: BaseDataset, table: ClassTable) -> BaseLabels:
    """Find out what labels a data set holds, from its first image.

    Args:
        dataset: The data set, fully initialized.
        table: The class table.

    Returns:
        The kind of labels of the task that knows them, for this data set.

    Raises:
        TypeError: If it has labels of a kind that is not supported, alone or
            beside others.
        ValueError: If it has no image, or labels that the kind refuses.
    """
    if not len(dataset):
        raise ValueError('ClassSubset.dataset must hold an image, got none in '
                         f'{data_source(dataset)}')
    data_info = dataset.get_data_info(0)
    for task in all_tasks():
        kind = task.labels
        if not kind.matches(data_info):
            continue
        for key, what in kind.refused.items():
            if data_info.get(key) is not None:
                raise TypeError(
                    'ClassSubset.dataset must hold labels of one kind, got '
                    f'{what} beside those that {kind.__name__} reads in '
                    f'{data_source(dataset)}')
        return kind(dataset, table)
    raise TypeError(
        'ClassSubset.dataset must hold detection instances (the key '
        "'instances' in its data info), panoptic segments of mmdet "
        "('segments_info'), semantic maps of mmseg "
        "('seg_map_path') or labels of images ('gt_label'), got the keys "
        f'{sorted(data_info)}')


def samples_of(sample: Sample, metric: BaseMetric) -> BaseSamples:
    """Find out how a data sample is restricted to a split.

    Args:
        sample: The data sample of an image.
        metric: The metric to be fed with it.

    Returns:
        The kind of samples of the task that knows them.

    Raises:
        TypeError: If it is of no kind that can be restricted to a split.
    """
    for task in all_tasks():
        if task.samples.matches(sample, metric):
            return task.samples
    raise TypeError(
        'data samples must be those of mmdet with pred_instances (or, for '
        'mmswap.PanopticMetric, pred_panoptic_seg), of mmseg with '
        'pred_sem_seg or of mmpretrain with pred_label to be scored by split, '
        f'got one with {sorted(sample)} for '
        f'{type(metric).__name__}; others can be scored as a whole, under '
        'val_evaluator.metrics.all')
