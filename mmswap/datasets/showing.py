"""Data sets that show the classes, and carry the truth, that are asked for."""
from typing import Any, Collection, Dict, Optional, Tuple, Union

from mmengine.dataset import BaseDataset
from mmengine.structures import BaseDataElement

from mmswap.class_table import ClassTable
from mmswap.registry import DATASETS
from mmswap.tasks.lookup import task_of_dataset

Built = Tuple[BaseDataset, Optional[Dict[str, Any]]]


def build_showing(dataset: Union[BaseDataset, dict], table: ClassTable,
                  labels: Collection[int], others: str) -> Built:
    """Build a data set, with more classes than its config has where needed.

    Its annotations are not read yet.

    Args:
        dataset: A data set, which stays as it is, or its config.
        table: The class table.
        labels: The table's labels of the classes that it is to show, as far
            as it has them.
        others: ``ClassSubset``'s rule for its other classes.

    Returns:
        The data set and the config that it is built of; None for a config
        where it was built already.

    Raises:
        TypeError: If it is no data set, or a wrapper of one.
    """
    cfg = dataset
    if isinstance(cfg, dict):
        # Those of wrappers may do without; they are refused.
        lazy = {} if {'dataset', 'datasets'} & set(cfg) else dict(
            lazy_init=True)
        dataset = DATASETS.build({**cfg, **lazy})
    if not isinstance(dataset, BaseDataset):
        raise TypeError(
            'ClassSubset.dataset must be a BaseDataset and no dataset '
            f'wrapper, got {type(dataset).__name__}; put a ClassSubset into '
            'the wrapper, or give the wrapper to SwapDataset as old or new')
    if not isinstance(cfg, dict):
        return dataset, None
    names = [table.names[label] for label in sorted(labels)]
    shown = task_of_dataset(dataset).shown_classes(dataset, table, names,
                                                   others)
    if shown is not None:
        metainfo = {**(cfg.get('metainfo') or {}), 'classes': shown}
        cfg = {**cfg, 'metainfo': metainfo}
        dataset = DATASETS.build({**cfg, 'lazy_init': True})
    return dataset, dict(cfg)


def with_truth(data: Any, truth: Dict[str, Any]) -> Any:
    """Give a sample the ground truth that metrics read of it.

    Args:
        data: What a test pipeline gave for an image.
        truth: Meta information by name. What the pipeline has packed goes
            before.

    Returns:
        The sample.
    """
    sample = data.get('data_samples') if isinstance(data, dict) else None
    if isinstance(sample, BaseDataElement):
        sample.set_metainfo({key: value for key, value in truth.items()
                             if key not in sample.metainfo_keys()})
    return data
