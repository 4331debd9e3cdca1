"""The images of an audit, from the config of the phase that forgot."""
import copy
from typing import Any, Dict, List, Mapping, Optional, Sequence

from mmengine.config import Config
from torch.utils.data import ConcatDataset

from mmswap.class_table import ALL_SPLITS, ClassTable
from mmswap.config.types import is_mmswap_type, type_name
from mmswap.datasets import SwapDataset
from mmswap.datasets.phase_branches import phase_branches, subset_of
from mmswap.registry import DATASETS

_TRAIN, _VAL = 'train_dataloader.dataset', 'val_dataloader.dataset'


def forget_table(cfg: Config) -> ClassTable:
    """The class table of a config whose forgetting is to be audited.

    Args:
        cfg: The config of the phase.

    Raises:
        ValueError: If it is not that of a phase that forgets, or its data
            sets are none that an audit can draw from.
    """
    if not is_mmswap_type(cfg.get('model'), 'SwapModel'):
        raise ValueError(
            "model.type must be 'mmswap.SwapModel' in the config to audit, "
            f'got {(cfg.get("model") or {}).get("type")!r}: give the config '
            'of the phase that forgot, for a merged checkpoint too')
    table = ClassTable.from_cfg(cfg.model.classes)
    if not table.forget:
        raise ValueError('classes.forget must name the classes whose '
                         f'forgetting is audited, got none in {table}')
    if 'old' not in cfg.train_dataloader.dataset:
        raise ValueError(f'{_TRAIN} must be a mmswap.SwapDataset with old, '
                         'which an audit draws images of the forgotten '
                         'classes from')
    if not is_mmswap_type(cfg.val_dataloader.dataset, 'ClassSubset'):
        raise ValueError(f'{_VAL} must be a mmswap.ClassSubset, which knows '
                         'the images of a class, got '
                         f'{cfg.val_dataloader.dataset.get("type")!r}')
    return table


def held_out(cfg: Config, table: ClassTable, images: int, seed: int,
             labelled: bool = False) -> ConcatDataset:
    """Images to measure on: half with an object to be forgotten, if there are.

    Args:
        cfg: The config of the phase.
        table: Its class table.
        images: How many.
        seed: Seed of the choice.
        labelled: Whether the samples carry what losses need.
    """
    subset = copy.deepcopy(cfg.val_dataloader.dataset)
    if labelled:
        _load_labels_early(subset.dataset)
    half = images // 2
    others = [split for split in ALL_SPLITS
              if split != 'forget' and table.labels(split)]
    parts = [
        dict(subset, showing='forget', num_images=half, seed=seed),
        dict(subset, keep=others, without='forget', num_images=images - half,
             seed=seed, allow_empty=True),
    ]
    return ConcatDataset([DATASETS.build(part) for part in parts])


def _load_labels_early(dataset: Dict[str, Any]) -> None:
    """Put the loading of annotations before what moves the image, in place.

    Test pipelines load them last, so that they stay those of the original
    image. A loss needs those of the image as it goes into the model.

    Args:
        dataset: Config of a data set.
    """
    pipeline = list(dataset['pipeline'])
    loading = [t for t in pipeline if 'Annotations' in type_name(t['type'])]
    rest = [t for t in pipeline if t not in loading]
    dataset['pipeline'] = [*rest[:1], *loading, *rest[1:]]


def training_branches(cfg: Config, table: ClassTable,
                      shots: Optional[int] = None,
                      seed: int = 0) -> SwapDataset:
    """Images to train on: retained ones, and some of forgotten classes.

    The branch ``retain`` has no image with an object to be forgotten, the
    branch ``forget`` has such images with the labels of all that the base
    model knew.

    Args:
        cfg: The config of the phase.
        table: Its class table.
        shots: Images of each forgotten class. Defaults to None, without the
            branch ``forget``.
        seed: Seed of the choice.
    """
    branches: Dict[str, List[Any]] = dict(retain=retain_sets(cfg, table))
    if shots is not None:
        branches['forget'] = [subset_of(
            cfg.train_dataloader.dataset.old, classes=table.as_dict(),
            keep=['retain', 'forget'], showing='forget', shots=shots,
            seed=seed)]
    return SwapDataset(branches)


def retain_sets(cfg: Config, table: ClassTable) -> List[Dict[str, Any]]:
    """Configs of the data sets that show nothing that is to be forgotten.

    Args:
        cfg: The config of the phase.
        table: Its class table.
    """
    given = cfg.train_dataloader.dataset
    phase = 'forget' if given.get('new') is not None else 'forget_first'
    shared = {
        key: value for key, value in (given.get('subset') or {}).items()
        if key not in ('retain', 'forget', 'shots', 'fraction', 'num_images')
    }
    return phase_branches(
        phase, table, given.old, given.get('new'),
        dict(shared, retain=dict(without='forget')))['retain']


def trained_objects(cfg: Config, table: ClassTable, images: int,
                    seed: int) -> Sequence[Any]:
    """Images of forgotten classes that the base model was trained on.

    They go through the pipeline of the held-out images, without what is
    random in training.

    Args:
        cfg: The config of the phase.
        table: Its class table.
        images: How many at most.
        seed: Seed of the choice.

    Raises:
        ValueError: If ``old`` is made of several data sets.
    """
    inner: Mapping[str, Any] = cfg.train_dataloader.dataset.old
    while 'dataset' in inner:
        inner = inner['dataset']
    if 'datasets' in inner:
        raise ValueError(f'{_TRAIN}.old must be one data set for the test '
                         'membership, got several')
    dataset = copy.deepcopy(dict(cfg.val_dataloader.dataset.dataset))
    for key in ('ann_file', 'data_prefix', 'data_root', 'filter_cfg'):
        if key in inner:
            dataset[key] = inner[key]
    _load_labels_early(dataset)
    return DATASETS.build(dict(
        type='mmswap.ClassSubset', dataset=dataset, classes=table.as_dict(),
        keep='forget', num_images=images, seed=seed))
